import type { Health, ModelState } from '@skein/protocol/http-api';
import { Gauge, type Registry } from 'prom-client';
import type { Observer } from '../observer.js';

const healthValue: Readonly<Record<Health, number>> = { broken: 0, degraded: 1, healthy: 2 };

/**
 * What an observer knows of the swarm, as gauges. Labels name models that peers announce, of which
 * there are at most 64; blocks are counted by their number of hosts, not named.
 *
 * @param observer null until there is one
 */
export function addSwarmMetrics(registry: Registry, observer: () => Observer | null): void {
  const models = () => observer()?.models().models ?? [];
  const gauge = (name: string, help: string, read: (model: ModelState) => number) => {
    new Gauge({
      name,
      help,
      labelNames: ['model'] as const,
      registers: [registry],
      collect() {
        this.reset();
        for (const model of models()) this.set({ model: model.name }, read(model));
      },
    });
  };
  gauge(
    'skein_model_health',
    '0 broken, 1 degraded, 2 healthy.',
    ({ health }) => healthValue[health],
  );
  gauge('skein_model_blocks', 'Blocks of the model.', ({ blockCount }) => blockCount);
  gauge(
    'skein_model_blocks_unhosted',
    'Blocks that no peer serves.',
    ({ coverage }) => coverage.filter(({ peers }) => peers === 0).length,
  );
  gauge(
    'skein_model_blocks_single_host',
    'Blocks that one peer alone serves.',
    ({ coverage }) => coverage.filter(({ peers }) => peers === 1).length,
  );
  gauge(
    'skein_model_weakest_block_hosts',
    'Peers that serve the weakest block.',
    ({ weakest }) => weakest?.peers ?? 0,
  );
  gauge(
    'skein_model_weakest_block_index',
    'Number of the weakest block; -1 without any peer.',
    ({ weakest }) => weakest?.block ?? -1,
  );
  gauge('skein_model_peers', 'Peers that serve the model.', ({ peers }) => peers);
  gauge('skein_model_sessions', 'Sessions that are open.', ({ sessions }) => sessions);
  gauge(
    'skein_model_tokens_per_second',
    'Tokens a second of all sessions, between the two newest looks.',
    ({ tokensPerSecond }) => tokensPerSecond,
  );
  new Gauge({
    name: 'skein_swarm_peers',
    help: 'Peers by state, as this node sees them.',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      const peers = observer()?.head().peers ?? { serving: 0, joining: 0, draining: 0, lost: 0 };
      for (const [state, count] of Object.entries(peers)) this.set({ state }, count);
    },
  });
}
