import type { JoinedSession } from '../describe/join-sessions.js';
import { observerLimits } from '../observer-limits.js';

interface Remembered {
  route: string;
  reroutes: number;
}

/** Remembers the route of each session, to notice when it changes. */
export class SessionBook {
  #sessions = new Map<string, Remembered>();

  /** Takes the sessions as they are now; those that ended are forgotten. */
  look(sessions: readonly JoinedSession[]): void {
    const before = this.#sessions;
    this.#sessions = new Map();
    for (const { id, hops, isWhole } of sessions.slice(0, observerLimits.sessionsRememberedMax)) {
      const known = before.get(id);
      // While a route is half known, nothing is said about it.
      if (!isWhole) {
        if (known !== undefined) this.#sessions.set(id, known);
        continue;
      }
      const route = hops.map(({ peer, part }) => `${peer.id}@${part.span.start}`).join();
      const hasChanged = known !== undefined && known.route !== route;
      const reroutes = (known?.reroutes ?? 0) + Number(hasChanged);
      this.#sessions.set(id, { route, reroutes });
    }
  }

  /** Times that the route of a session changed. */
  reroutes(id: string): number {
    return this.#sessions.get(id)?.reroutes ?? 0;
  }
}
