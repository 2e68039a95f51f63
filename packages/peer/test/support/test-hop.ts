import type { MessageChannel, SkeinNode } from '@skein/client/network';
import {
  type ErrorMessage,
  type OpenMessage,
  type Received,
  type SessionId,
  type SkeinError,
  type StepMessage,
  sessionProtocol,
  type Tensor,
  type ToClientMessage,
  type ToHopMessage,
  toClientSchema,
} from '@skein/protocol';
import { until } from './cleanup.js';

type WithoutTensors<Message> = Message extends unknown ? Omit<Message, 'tensors'> : never;
type Type = ToClientMessage['type'];
type Answer<Name extends Type> = Extract<ToClientMessage, { type: Name }>;

/** The client's end of a session stream, which does only what a test tells it to. */
export class TestHop {
  readonly received: Received<ToClientMessage>[] = [];
  closed: SkeinError | null | undefined;
  #channel: MessageChannel<WithoutTensors<ToHopMessage>> | undefined;

  static async connect(client: SkeinNode, host: SkeinNode): Promise<TestHop> {
    const hop = new TestHop();
    hop.#channel = await client.openChannel<typeof toClientSchema, WithoutTensors<ToHopMessage>>(
      { peer: host.peer, multiaddrs: host.multiaddrs },
      sessionProtocol,
      toClientSchema,
      () => ({
        onMessage: (received) => {
          hop.received.push(received);
        },
        onClose: (error) => {
          hop.closed = error;
        },
      }),
      {},
    );
    return hop;
  }

  get channel(): MessageChannel<WithoutTensors<ToHopMessage>> {
    if (this.#channel === undefined) throw new Error('not connected');
    return this.#channel;
  }

  get session(): SessionId {
    return this.#session as SessionId;
  }
  #session: SessionId | undefined;

  send(message: WithoutTensors<ToHopMessage>, tensors?: readonly Tensor[]): void {
    void this.channel.send(message, tensors);
  }

  async open(message: Omit<OpenMessage, 'type'>): Promise<Answer<'opened'>> {
    this.#session = message.session;
    this.send({ type: 'open', ...message });
    return (await this.take('opened')).message;
  }

  /** Sends token ids. */
  step(fields: Partial<StepMessage> & { step: number; position: number; tokens: number[] }): void {
    const { tokens, ...rest } = fields;
    const message = { type: 'step' as const, epoch: 0, rows: tokens.length, trace: [], ...rest };
    const bytes = new Uint8Array(Int32Array.from(tokens).buffer);
    this.send(message, [{ type: 'i32', shape: [tokens.length], bytes }]);
  }

  /** Takes the next message of a type; messages of other types stay. */
  async take<Name extends Type>(type: Name): Promise<Received<Answer<Name>>> {
    const find = () => this.received.findIndex(({ message }) => message.type === type);
    await until(() => find() >= 0 || this.closed !== undefined);
    const index = find();
    if (index < 0) {
      const error = this.received.find(({ message }) => message.type === 'error')?.message;
      throw new Error(`the stream ended before ${type}: ${JSON.stringify(error ?? this.closed)}`);
    }
    const [taken] = this.received.splice(index, 1);
    return taken as Received<Answer<Name>>;
  }

  /** Takes the next error. */
  async takeError(): Promise<ErrorMessage> {
    return (await this.take('error')).message;
  }
}
