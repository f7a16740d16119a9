/** Drives the TypeScript client; see `driver.py` beside this folder for what is said on its pipes. */

import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";

const { emptyConversation, Groundwire, GroundwireError } = await import(process.argv[2]);

const KEPT = 64;
/** One client with one conversation, as one device has them. */
const readers = new Map();
/** States as a program would keep them, to go on from them as another one. */
const kept = new Map();

function tell(what) {
  stdout.write(`${JSON.stringify(what)}\n`);
}

function keep({ conversation }) {
  const cursor = conversation.cursor();
  if (cursor !== undefined) kept.set(`${conversation.id} ${cursor}`, conversation.view);
  for (const key of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(key);
  }
}

const orders = {
  open({ reader: name, url, token, fresh, transports, session, cursor }) {
    const tokens = fresh ? [fresh, token] : [];
    const give = () => (tokens.length > 1 ? tokens.pop() : tokens[0]);
    const client = new Groundwire({
      baseUrl: url,
      token: fresh ? give : token,
      transports,
      observe: (said) => {
        keep(reader);
        tell({ reader: name, said, cursor: reader.conversation.cursor() ?? null });
      },
    });
    for (const each of readers.values()) keep(each);
    const conversation = client.conversation(session);
    const reader = { client, conversation };
    if (cursor !== null) {
      conversation.restore(kept.get(`${session} ${cursor}`) ?? emptyConversation(session), cursor);
    }
    readers.set(name, reader);
    client.connect();
    client.connection.subscribe(({ state, transport, reason }) => {
      tell({ reader: name, status: { state, transport, reason: reason?.code ?? null } });
    });
    let refusal = null;
    conversation.subscribe((view) => {
      if (view.refusal && view.refusal !== refusal)
        tell({ reader: name, refused: view.refusal.code });
      refusal = view.refusal;
    });
    return {};
  },

  say({ reader, command }) {
    return say(readers.get(reader).conversation, command);
  },

  state({ reader }) {
    const { messages, verified } = readers.get(reader).conversation.view;
    return {
      messages: messages.map(({ messageId, content, finishReason }) => {
        return { messageId, content, finishReason, proved: verified.get(messageId) === true };
      }),
    };
  },

  close({ reader: name }) {
    const { client, conversation } = readers.get(name);
    readers.delete(name);
    conversation.close();
    client.close();
    return {};
  },
};

/** Do it as an application does; return what the library says of it, in the wire's words. */
async function say(conversation, { type, content, messageId, ...options }) {
  switch (type) {
    case "chat_message":
      return turnOf(await conversation.ask(content, options));
    case "steer":
      return turnOf(await conversation.steer(content, options));
    case "edit":
      return turnOf(await conversation.edit(messageId, content, options));
    case "regenerate":
      return turnOf(await conversation.regenerate(messageId, options));
    case "cancel":
      return { noop: (await conversation.cancel(options)).noop === true };
    case "tool_approval": {
      const { approvalId, approved, reason } = options;
      await (approved ? conversation.approve(approvalId) : conversation.deny(approvalId, reason));
      return {};
    }
    case "typing":
      conversation.typing();
      return {};
    default:
      throw new Error(`there is no way to say ${type}`);
  }
}

/** What was refused has no turn, and its `done` says why. */
async function turnOf(answer) {
  if (answer.turnId === null) await answer.done;
  return { turnId: answer.turnId };
}

async function obey({ n, order, ...rest }) {
  try {
    tell({ n, ok: await orders[order](rest) });
  } catch (error) {
    if (!(error instanceof GroundwireError)) return tell({ n, fault: String(error) });
    const { code, message, retryable, detail } = error;
    tell({ n, error: { code, message, retryable, detail } });
  }
}

for await (const line of createInterface({ input: stdin })) void obey(JSON.parse(line));
for (const { client } of readers.values()) client.close();
