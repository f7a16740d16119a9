// Ask a question and print its answer while it is written: node ask.mjs "What is grounding?"
import { Groundwire } from "@groundwire/client";

const { GROUNDWIRE_URL: baseUrl = "http://127.0.0.1:3001", GROUNDWIRE_KEY: token } = process.env;
const groundwire = new Groundwire({ baseUrl, ...(token && { token }) });
groundwire.connect();
const conversation = groundwire.conversation("example");
const answer = await conversation.ask(process.argv[2] ?? "What is grounding?");
for await (const piece of answer) process.stdout.write(piece);
for (const { n, title } of (await answer.done).sources) console.log(`\n[${n}] ${title}`);
groundwire.close();
