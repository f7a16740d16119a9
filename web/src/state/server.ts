import { Groundwire } from "@groundwire/client";

/** The server that the page came from. */
export const server = new Groundwire();
