import {
  type ModelHash,
  type ModelPart,
  type ModelRequest,
  modelAnswerSchema,
  modelProtocol,
  type PeerId,
  SkeinError,
  toSkeinError,
} from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { Remote, SkeinNode } from '../network/contracts.js';
import { createDeferred } from '../session/deferred.js';
import { errorFromHop } from '../session/judge-error.js';

/** A peer that stays silent for so long is passed over; a large tokenizer takes seconds. */
const fetchMs = 30_000;

/**
 * Asks one peer for a part of a model. The bytes are not checked here.
 * @throws SkeinError `peer-unreachable`, `timeout`, or what the peer answers
 */
export async function fetchModelPart(
  node: SkeinNode,
  remote: Remote,
  request: { model: ModelHash; part: ModelRequest['part'] },
  options: { clock: Clock; signal?: AbortSignal },
): Promise<Uint8Array> {
  const answer = createDeferred<Uint8Array>();
  answer.promise.catch(() => {});
  const controller = new AbortController();
  const end = (error: SkeinError) => {
    answer.reject(error);
    controller.abort(error);
  };
  const abort = () => end(new SkeinError('aborted', 'aborted by the caller'));
  const late = () => end(failure('timeout', remote.peer, `no ${request.part} in time`));
  const cancel = options.clock.schedule(fetchMs, late);
  options.signal?.addEventListener('abort', abort);
  try {
    const channel = await node.openChannel<typeof modelAnswerSchema, ModelRequest>(
      remote,
      modelProtocol,
      modelAnswerSchema,
      () => ({
        onMessage: ({ message, tensors }) => {
          if (message.type === 'error') answer.reject(errorFromHop(message, remote.peer));
          else if (isPart(message, request.part)) {
            answer.resolve(tensors[0]?.bytes ?? new Uint8Array());
          } else answer.reject(failure('protocol-violation', remote.peer, 'sent another part'));
        },
        onClose: (error) =>
          answer.reject(error ?? failure('stream-closed', remote.peer, 'ended the stream')),
      }),
      { signal: controller.signal },
    );
    try {
      void channel.send({ type: 'model-request', ...request });
      return await answer.promise;
    } finally {
      void channel.close().catch(() => {});
    }
  } catch (error) {
    throw toSkeinError(error, 'peer-unreachable');
  } finally {
    cancel();
    options.signal?.removeEventListener('abort', abort);
  }
}

function isPart(message: { type: string; part?: string }, part: string): message is ModelPart {
  return message.type === 'model-part' && message.part === part;
}

function failure(
  code: 'timeout' | 'protocol-violation' | 'stream-closed',
  peer: PeerId,
  text: string,
): SkeinError {
  return new SkeinError(code, `${peer}: ${text}`, { peer });
}
