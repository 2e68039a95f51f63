import {
  type DigestMessage,
  directoryMessageSchema,
  directoryProtocol,
  limits,
  type PeerId,
  type Received,
  type RecordsMessage,
  SkeinError,
  type VerifiedRecord,
} from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { ChannelAcceptor, Remote, SkeinNode } from './contracts.js';
import type { MessageChannel } from './message-channel.js';
import type { RecordTable } from './record-table.js';

type DirectoryMessage = DigestMessage | RecordsMessage;

/** Rounds of one exchange: enough for a snapshot of a full table. */
const roundsMax = 16;
/** An exchange of a few messages that takes longer is given up. */
const exchangeMsMax = 5_000;

/** What the directory lends to its exchanges. */
export interface ExchangeContext {
  readonly node: SkeinNode;
  readonly table: RecordTable;
  readonly clock: Clock;
  /** False after `stop`: others are then turned away. */
  readonly isRunning: boolean;
  /**
   * Takes records that `from` sent. Late and expired ones are ignored.
   * @throws SkeinError `bad-message` for one that no honest peer passes on
   */
  receive(records: readonly Uint8Array[], from: PeerId): Promise<void>;
}

/** Answers the exchanges that others start. */
export function answerExchanges(
  context: ExchangeContext,
): ChannelAcceptor<DirectoryMessage, DirectoryMessage> {
  return (channel) => {
    let messages = 0;
    const cancelDeadline = abortLate(channel, context.clock);
    return {
      async onMessage({ message }) {
        if (!context.isRunning) throw new SkeinError('draining', 'the directory was stopped');
        messages += 1;
        if (messages > 2 * roundsMax) {
          throw new SkeinError('limit-exceeded', `over ${2 * roundsMax} messages in an exchange`);
        }
        if (message.type === 'records') return context.receive(message.records, channel.remotePeer);
        const { newer, wanted } = context.table.compare(message.entries);
        await channel.send(recordsMessage(newer, wanted));
      },
      onClose: cancelDeadline,
    };
  };
}

/**
 * Makes two tables agree: both have the newest records of either when it resolves.
 *
 * @throws SkeinError `peer-unreachable`, `stream-closed`, `timeout`, `bad-message`
 */
export async function exchange(
  context: ExchangeContext,
  remote: Remote,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const outcome = new Outcome();
  const asker = (self: MessageChannel<DirectoryMessage>) => {
    let rounds = 0;
    const cancelDeadline = abortLate(self, context.clock);
    return {
      async onMessage({ message }: Received<DirectoryMessage>) {
        if (message.type !== 'records') {
          throw new SkeinError('protocol-violation', 'a digest came where records were due');
        }
        await context.receive(message.records, remote.peer);
        rounds += 1;
        if (message.wanted.length > 0) {
          void self.send(recordsMessage(context.table.pick(message.wanted), []));
        }
        if (isFull(message) && rounds < roundsMax) {
          void self.send({ type: 'digest', entries: context.table.digest() });
          return;
        }
        outcome.resolve();
        void self.close();
      },
      onClose(error: SkeinError | null) {
        cancelDeadline();
        outcome.reject(
          error ?? new SkeinError('stream-closed', 'no answer', { peer: remote.peer }),
        );
      },
    };
  };
  const channel = await openDirectoryChannel(context.node, remote, options, asker);
  void channel.send({ type: 'digest', entries: context.table.digest() });
  await outcome.promise;
}

/** A promise with its ends; a rejection that nobody waits for is no event. */
class Outcome {
  resolve!: () => void;
  reject!: (error: Error) => void;
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    this.promise.catch(() => undefined);
  }
}

/** Sends news without asking for any. It settles when they have left. */
export async function push(
  context: Pick<ExchangeContext, 'node'>,
  remote: Remote,
  records: readonly VerifiedRecord[],
): Promise<void> {
  const channel = await openDirectoryChannel(context.node, remote, {}, () => ({
    onMessage: () => undefined,
    onClose: () => undefined,
  }));
  void channel.send(recordsMessage(records, []));
  await channel.close();
}

function openDirectoryChannel(
  node: SkeinNode,
  remote: Remote,
  options: { readonly signal?: AbortSignal | undefined },
  accept: ChannelAcceptor<DirectoryMessage, DirectoryMessage>,
): Promise<MessageChannel<DirectoryMessage>> {
  const { signal } = options;
  const limited = signal === undefined ? {} : { signal };
  return node.openChannel(remote, directoryProtocol, directoryMessageSchema, accept, limited);
}

/** As many records as fit into a message; the next round carries the rest. */
function recordsMessage(
  records: readonly VerifiedRecord[],
  wanted: readonly string[],
): RecordsMessage {
  let bytes = 0;
  const fitting: Uint8Array<ArrayBuffer>[] = [];
  for (const record of records) {
    bytes += record.bytes.byteLength;
    if (
      bytes > limits.recordsPerExchangeBytesMax ||
      fitting.length === limits.recordsPerExchangeMax
    )
      break;
    fitting.push(record.bytes as Uint8Array<ArrayBuffer>);
  }
  return {
    type: 'records',
    records: fitting,
    wanted: wanted.slice(0, limits.recordsPerExchangeMax),
  };
}

/** Whether the sender may have had more to say. */
function isFull({ records, wanted }: RecordsMessage): boolean {
  const countMax = limits.recordsPerExchangeMax;
  if (records.length === countMax || wanted.length === countMax) return true;
  let bytes = 0;
  for (const record of records) bytes += record.byteLength;
  return bytes > limits.recordsPerExchangeBytesMax - limits.recordBytesMax;
}

function abortLate(channel: MessageChannel<DirectoryMessage>, clock: Clock): () => void {
  return clock.schedule(exchangeMsMax, () => {
    const peer = channel.remotePeer;
    const message = `directory exchange took over ${exchangeMsMax} ms`;
    channel.abort(new SkeinError('timeout', message, { peer }));
  });
}
