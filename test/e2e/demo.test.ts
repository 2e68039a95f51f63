import { afterEach, expect, it } from 'vitest';
import { runSkein, stopEverything } from '../support/skein-process.js';

afterEach(stopEverything);

it('the demo tells a story, loses a peer, and ends as the unbroken run', async () => {
  const { code, events, stderr } = await runSkein(['demo']);
  expect(stderr).not.toContain('Error');
  const named = (name: string) => events.find((event) => event.event === name);

  const swarm = named('swarm');
  expect(swarm?.peers.length).toBeGreaterThanOrEqual(4);
  const hosts = Array.from(
    { length: 8 },
    (_, block) =>
      swarm?.peers.filter(
        (peer: { span: { start: number; end: number } }) =>
          peer.span.start <= block && block < peer.span.end,
      ).length,
  );
  expect(Math.min(...hosts)).toBeGreaterThanOrEqual(2);

  expect(named('route')?.hops.length).toBeGreaterThanOrEqual(2);
  expect(named('reroute')).toMatchObject({ lostPeer: named('killed')?.peer });
  expect(named('end')).toMatchObject({ identical: true });
  expect(code).toBe(0);

  const story = events.filter((event) => event.event === 'token').map((event) => event.text);
  expect(story.join('')).toMatch(/fox/i);
  expect(story.join('').length).toBeGreaterThan(200);
});
