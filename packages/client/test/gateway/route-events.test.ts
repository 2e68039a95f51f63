import { describe, expect, it } from 'vitest';
import { failAt } from '../support/toy-session.js';
import { setUpGateway } from './support/toy-gateway.js';

const path = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'tell me' }];
const body = { model: 'toy', messages, temperature: 0, max_tokens: 8 };
const asked = { headers: { 'x-skein-events': '1' } };

/** The named events of a stream, apart from the chunks. */
function newsIn(text: string) {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: skein\n'))
    .map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)));
}

/** The chunks without what differs from one answer to the next. */
function chunksIn(text: string) {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('data: {'))
    .map((block) => JSON.parse(block.slice(6)).choices);
}

describe('x-skein-events', () => {
  it('tells of the route before the first text, and changes nothing else', async () => {
    const { stream } = setUpGateway();
    const plain = await stream(path, body);
    const told = await stream(path, body, asked);
    expect(newsIn(plain.text)).toEqual([]);
    expect(told.text.startsWith('event: skein\n')).toBe(true);
    const [route, ...others] = newsIn(told.text);
    expect(others).toEqual([]);
    expect(route).toMatchObject({ type: 'route', choice: 0 });
    expect(route.hops[0]).toMatchObject({ span: { start: 0 }, ends: { embedding: true } });
    expect(route.hops.at(-1)).toMatchObject({ span: { end: 6 }, ends: { head: true } });
    expect(chunksIn(told.text)).toEqual(chunksIn(plain.text));
    expect(told.events.at(-1)).toBe('[DONE]');
  });

  it('tells the route of a kept session as well', async () => {
    const { stream } = setUpGateway();
    const first = await stream(path, body, asked);
    const again = await stream(path, { ...body, temperature: 1 }, asked);
    expect(newsIn(again.text)).toEqual(newsIn(first.text));
  });

  it('tells who was lost, who came instead, and how long it took', async () => {
    const { stream, swarm } = setUpGateway({ keptSessions: 0 });
    const [route] = newsIn((await stream(path, body, asked)).text);
    const [victim] = route.hops;
    swarm.peer(victim.name).rules.push(failAt('u! tell me. a! '.length + 3, 'kill'));
    const { text, events } = await stream(path, body, asked);
    const reroute = newsIn(text).find(({ type }) => type === 'reroute');
    expect(reroute).toMatchObject({ choice: 0, kind: 'replaced', lost_peer: victim.peer });
    expect(reroute.span).toEqual(victim.span);
    const after = newsIn(text).findLast(({ type }) => type === 'route');
    const peers = after.hops.map(({ peer }: { peer: string }) => peer);
    expect(peers).toEqual(expect.arrayContaining(reroute.new_peers));
    expect(peers).not.toContain(victim.peer);
    expect(events.at(-1)).toBe('[DONE]');
  });

  it('tells each answer of several its own route', async () => {
    const { stream } = setUpGateway();
    const { text } = await stream(path, { ...body, n: 3 }, asked);
    const choices = newsIn(text).map(({ choice }) => choice);
    expect(new Set(choices)).toEqual(new Set([0, 1, 2]));
  });

  it('is of no consequence for a whole answer', async () => {
    const { ask } = setUpGateway();
    const { status, body: answer } = await ask(path, body, asked);
    expect(status).toBe(200);
    expect(answer.choices[0].message.content).not.toBe('');
  });
});
