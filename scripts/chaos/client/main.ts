/**
 * A client of `pnpm chaos` in a process of its own: generates what it is told to, line by line, and
 * reports every token. It ends when its standard input does.
 */
import { createInterface } from 'node:readline';
import { createClient, type GenerationEvent } from '@skein/client';
import { formatSpan, toSkeinError } from '@skein/protocol';
import { chaosLimits } from '../chaos-limits.js';
import type { ClientCommand, ClientEvent, ClientReport } from './messages.js';

const [bootstrap, model] = process.argv.slice(2) as [string, string];
const client = createClient({ bootstrap: [bootstrap] });
let running = new AbortController();

// Ctrl-C reaches the whole process group: the parent decides what follows.
process.on('SIGINT', () => undefined);

await client.start();
const report = (line: ClientReport) => process.stdout.write(`${JSON.stringify(line)}\n`);
report({ event: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as ClientCommand;
  if (command.command === 'abort') running.abort();
  else void generate(command);
}
running.abort();
await client.stop();
process.exit(0);

async function generate({ id, job, excludedPeers }: Extract<ClientCommand, { id: number }>) {
  running = new AbortController();
  const { messages, temperature, seed, maxTokens } = job;
  try {
    const events = client.generate({
      model,
      messages: messages as NonNullable<Parameters<typeof client.generate>[0]['messages']>,
      temperature,
      seed,
      maxTokens,
      // Every generation has the same length, and what follows the end is nearer to ties.
      ignoreEos: true,
      excludedPeers: excludedPeers as NonNullable<
        Parameters<typeof client.generate>[0]['excludedPeers']
      >,
      openWaitMs: chaosLimits.openWaitMs,
      returnWaitMs: chaosLimits.returnWaitMs,
      signal: running.signal,
    });
    for await (const event of events) report({ id, ...plain(event) });
  } catch (error) {
    const { code, message } = toSkeinError(error);
    report({ id, event: 'failed', code, message });
  }
}

/** The part of an event that is reported. */
function plain(event: GenerationEvent): ClientEvent {
  switch (event.type) {
    case 'route':
      return {
        event: 'route',
        hops: event.hops.map(({ peer, name, span }) => ({ peer, name, blocks: formatSpan(span) })),
      };
    case 'token':
      return { event: 'token', token: event.id };
    case 'reroute': {
      const { kind, reason, message, lostPeer, detectionMs, rebuildMs, recoveryMs } = event;
      const times = { detectionMs, rebuildMs, recoveryMs };
      return { event: 'reroute', kind, reason, message, lostPeer, ...times };
    }
    case 'waiting':
      return { event: 'waiting', missing: event.missing.missingBlocks.map(formatSpan) };
    case 'standby':
      return { event: 'standby', kind: event.kind, peers: event.peers };
    case 'end':
      return { event: 'end', reason: event.reason, promptTokens: event.promptTokens };
  }
}
