/** The engine's process: answers the calls of its owner, one after the other. */
import { type SessionId, SkeinError, toSkeinError } from '@skein/protocol';
import { EngineCore } from '../core/engine-core.js';
import { inspectDevice } from '../ggml/inspect-device.js';
import { type LoadRequest, loadComputer } from '../load-computer.js';
import { encodeFrame, type Frame } from './frames.js';
import {
  type CallName,
  type Request,
  type Response,
  type Results,
  type SessionState,
  toErrorHeader,
} from './messages.js';
import type { FramePipe } from './pipe.js';
import { BodyReader, decodeStepItems, encodeOutcomes } from './step-codec.js';

/** Progress is told at most this often. */
const progressIntervalMs = 100;

interface Answer {
  readonly result: Results[CallName];
  readonly body?: readonly Uint8Array[];
}

/** Runs until the pipe closes, or until the engine cannot be trusted any more. */
export async function answerCalls(pipe: FramePipe): Promise<void> {
  let core: EngineCore | null = null;
  for (let frame = pipe.read(); frame !== null; frame = pipe.read()) {
    const request = frame.header as Request & { id: number };
    const send = (response: Response, body?: readonly Uint8Array[]) =>
      pipe.write(encodeFrame(response, body));
    try {
      let answer: Answer;
      if (request.call === 'load') {
        core = await load(request.options, send);
        answer = { result: { info: core.info } };
      } else if (request.call === 'inspect') {
        answer = { result: await inspectDevice(request.device) };
      } else if (request.call === 'inspect-backend') {
        const { openBackend } = await import('../tfjs/open-backend.js');
        const { description } = await openBackend(request.backend);
        answer = { result: { description } };
      } else {
        if (core === null) throw new SkeinError('internal', 'No model is loaded.');
        answer = await answerCall(core, request, frame);
      }
      send({ id: request.id, ok: true, result: answer.result }, answer.body);
    } catch (error) {
      const failure = toSkeinError(error);
      send({ id: request.id, ok: false, error: toErrorHeader(failure) });
      // After a failed computation the device's state is unknown: start again from nothing.
      if (failure.code === 'engine-failed') return;
    }
  }
  await core?.stop();
}

async function load(options: LoadRequest, send: (response: Response) => void): Promise<EngineCore> {
  let toldAt = 0;
  const computer = await loadComputer({
    ...options,
    onProgress: ({ loadedBytes, totalBytes }) => {
      const now = performance.now();
      if (loadedBytes < totalBytes && now - toldAt < progressIntervalMs) return;
      toldAt = now;
      send({ id: 0, loadedBytes, totalBytes });
    },
  });
  return new EngineCore(computer);
}

async function answerCall(
  core: EngineCore,
  request: Exclude<Request, { call: 'load' | 'inspect' | 'inspect-backend' }>,
  { body }: Frame,
): Promise<Answer> {
  switch (request.call) {
    case 'open':
      core.openSession(request.session, request);
      return { result: {} };
    case 'close':
      core.closeSession(request.session);
      return { result: {} };
    case 'step': {
      const items = decodeStepItems(request.items, body);
      const outcome = await core.step(items);
      const encoded = encodeOutcomes(
        outcome,
        items.map(({ session }) => stateOf(core, session)),
      );
      const { computeUs } = outcome;
      return { result: { computeUs, outcomes: encoded.headers }, body: encoded.body };
    }
    case 'truncate':
      await core.truncate(request.session, request.position);
      return { result: stateOf(core, request.session) };
    case 'export': {
      const { keys, values, ...header } = await core.exportKv(request.session, request);
      return { result: { ...header, keyBytes: keys.byteLength }, body: [keys, values] };
    }
    case 'import': {
      const { session, keyBytes, ...header } = request;
      const reader = new BodyReader(body);
      const keys = reader.bytes(keyBytes);
      const values = reader.bytes(body.byteLength - keyBytes);
      await core.importKv(session, { ...header, keys, values });
      return { result: stateOf(core, session) };
    }
    case 'set-length':
      await core.setLength(request.session, request.length);
      return { result: stateOf(core, request.session) };
  }
}

function stateOf(core: EngineCore, session: SessionId): SessionState {
  const length = core.find(session)?.length ?? 0;
  return { length, heldTokens: core.find(session)?.heldTokens ?? 0 };
}
