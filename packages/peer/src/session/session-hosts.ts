import type { SkeinNode } from '@skein/client/network';
import {
  type OpenMessage,
  pushProtocol,
  type SessionId,
  SkeinError,
  sessionProtocol,
  spanContains,
  toHopSchema,
  toSuccessorSchema,
} from '@skein/protocol';
import { acceptPush, acceptSession } from './accept-session.js';
import type { SessionHost } from './session-host.js';

/**
 * The hosts of a peer: one, or two while it moves. They share its protocols, and clients know
 * nothing of it: a session goes to the host whose span it asks for.
 */
export class SessionHosts {
  readonly #hosts: () => readonly SessionHost[];

  /** @param hosts the newest first: what is announced is preferred */
  constructor(hosts: () => readonly SessionHost[]) {
    this.#hosts = hosts;
  }

  /** Serves the session and push protocols from now on. */
  async serve(node: SkeinNode): Promise<void> {
    await node.serve(sessionProtocol, toHopSchema, acceptSession(this));
    await node.serve(pushProtocol, toSuccessorSchema, acceptPush(this));
  }

  /**
   * The host for a new session: of those that have its blocks, one that takes sessions. Where
   * none has them the newest says so.
   *
   * @throws SkeinError `busy` before the first is there, `session-exists`
   */
  forOpen(message: OpenMessage): SessionHost {
    const hosts = this.#hosts();
    const [newest] = hosts;
    if (newest === undefined) throw new SkeinError('busy', 'this peer is not ready yet');
    // Predecessors name a session by its id alone, so it must not be on both.
    const other = hosts.find((host) => host.find(message.session) !== null);
    if (other !== undefined) {
      throw new SkeinError('session-exists', `session ${message.session} is open already`);
    }
    const able = hosts.filter(({ engine }) => spanContains(engine.info.span, message.span));
    return able.find(({ isDraining }) => !isDraining) ?? able[0] ?? newest;
  }

  /**
   * The host on which a session is, or will be: a predecessor may come before the client.
   * @throws SkeinError `session-unknown` when nobody opens it in time, `busy` when too many wait
   */
  async forAttach(id: SessionId): Promise<SessionHost> {
    const hosts = this.#hosts();
    const found = hosts.find((host) => host.find(id) !== null);
    if (found !== undefined) return found;
    const waiting = hosts.map((host) => host.waitFor(id).then(() => host));
    try {
      return await Promise.any(waiting);
    } catch (error) {
      const [first] = (error as AggregateError).errors;
      throw first ?? new SkeinError('busy', 'this peer is not ready yet');
    }
  }
}
