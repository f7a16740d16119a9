import { Groundwire } from "@groundwire/client";
import { Knowledge } from "@groundwire/client/knowledge";

/** The server that the page came from. */
export const server = new Groundwire();

/** Its documents. */
export const knowledge = new Knowledge(server);
