import type { Conversation } from '../../client/conversation.js';
import type { GenerationEvent } from '../../generate/generation-types.js';
import type { RerouteEvent, RouteEvent, WaitingEvent } from '../../session/session-types.js';

/** What a caller may learn of the route of an answer. */
export type RouteNews = RouteEvent | RerouteEvent | WaitingEvent;

/** Hears of the routes of a request's answers. */
export type RouteListener = (news: RouteNews, choice: number) => void;

/** Where each session went last: a kept session says so only when its route changes. */
const routes = new WeakMap<Conversation, RouteEvent>();

/** Passes events on, and tells a listener of the route: at the beginning, and of every change. */
export async function* watchRoute(
  conversation: Conversation,
  events: AsyncIterable<GenerationEvent>,
  listener: (news: RouteNews) => void,
): AsyncGenerator<GenerationEvent, void, undefined> {
  const known = routes.get(conversation);
  if (known !== undefined) listener(known);
  for await (const event of events) {
    if (event.type === 'route') routes.set(conversation, event);
    if (event.type === 'route' || event.type === 'reroute' || event.type === 'waiting') {
      listener(event);
    }
    yield event;
  }
}
