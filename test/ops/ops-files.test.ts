import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addSwarmMetrics, ClientMetrics, ProcessMetrics } from '@skein/client/observer';
import { addPeerMetrics, PeerActivity } from '@skein/peer/metrics';
import { describe, expect, it } from 'vitest';

const ops = fileURLToPath(new URL('../../ops/', import.meta.url));
const promtool = process.env.SKEIN_PROMTOOL ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;
const why = 'promtool is not here: it is in the Debian package prometheus; or set SKEIN_PROMTOOL';

/** Names of all metrics that the commands expose, with those that a histogram is made of. */
async function exposedNames(): Promise<Set<string>> {
  const metrics = new ProcessMetrics();
  addSwarmMetrics(metrics.registry, () => null);
  metrics.addTraffic({});
  new ClientMetrics(metrics.registry);
  addPeerMetrics(metrics.registry, { status: () => null, activity: new PeerActivity(() => 0) });
  const all = await metrics.registry.getMetricsAsJSON();
  return new Set(
    all.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [name, ...parts.map((part) => `${name}_${part}`)] : [name],
    ),
  );
}

const parts = ['bucket', 'sum', 'count'];

/** Names of metrics in an expression or a page. */
function namesIn(text: string): string[] {
  return [...new Set(text.match(/\b(skein|nodejs)_[a-z0-9_]+\b/g) ?? [])];
}

describe('ops', () => {
  it.each(['prometheus/alerts.yml', 'prometheus/alerts.test.yml', 'grafana/skein.json'])(
    '%s names metrics that the commands expose, and no others',
    async (path) => {
      const exposed = await exposedNames();
      const named = namesIn(readFileSync(`${ops}${path}`, 'utf8'));
      expect(named.length).toBeGreaterThan(5);
      expect(named.filter((name) => !exposed.has(name))).toEqual([]);
    },
  );

  it('docs/metrics.md lists all metrics of Skein, and no others', async () => {
    const exposed = [...(await exposedNames())]
      .filter((name) => name.startsWith('skein_'))
      .filter((name) => !/_(bucket|sum|count)$/.test(name));
    const page = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));
    const listed = readFileSync(page, 'utf8').match(/^\| `(skein_[a-z_]+)`/gm) ?? [];
    const names = listed.map((line) => line.slice('| `'.length, -1));
    expect(names.sort()).toEqual(exposed.sort());
  });

  it('the dashboard of Grafana has panels with ids of their own that do not overlap', () => {
    const { panels, schemaVersion } = JSON.parse(readFileSync(`${ops}grafana/skein.json`, 'utf8'));
    expect(schemaVersion).toBeGreaterThanOrEqual(39);
    const taken = new Set<string>();
    for (const { id, gridPos } of panels) {
      expect(taken.has(`id ${id}`)).toBe(false);
      taken.add(`id ${id}`);
      for (let row = gridPos.y; row < gridPos.y + gridPos.h; row += 1) {
        for (let column = gridPos.x; column < gridPos.x + gridPos.w; column += 1) {
          expect(column).toBeLessThan(24);
          expect(taken.has(`${row} ${column}`), `two panels at row ${row}`).toBe(false);
          taken.add(`${row} ${column}`);
        }
      }
    }
  });

  it('the alerts are valid, and fire when they should and not before', (context) => {
    if (!hasPromtool) context.skip(why);
    for (const parameters of [
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml'],
      ['check', 'config', 'prometheus.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync(promtool, parameters, {
        cwd: `${ops}prometheus`,
        encoding: 'utf8',
      });
      expect(status, stdout + stderr).toBe(0);
    }
  });

  it('every alert has a test', () => {
    const rules = readFileSync(`${ops}prometheus/alerts.yml`, 'utf8');
    const tests = readFileSync(`${ops}prometheus/alerts.test.yml`, 'utf8');
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    expect(alerts.length).toBeGreaterThan(5);
    expect(alerts.filter((name) => !tests.includes(`alertname: ${name}`))).toEqual([]);
  });

  it('holds the folders that docs/operations.md names', () => {
    expect(readdirSync(ops).sort()).toEqual(['docker', 'grafana', 'prometheus', 'systemd']);
  });
});
