import { signal } from '@preact/signals';
import { fetchDashboardPath } from '../api/gateway.js';

/** Where the gateway shows the swarm; null where it does not, or did not say so yet. */
export const dashboardPath = signal<string | null>(null);

/** Asks the gateway. Without an answer there is no link, rather than one that leads nowhere. */
export async function refreshDashboard(): Promise<void> {
  dashboardPath.value = await fetchDashboardPath().catch(() => null);
}
