/** Numbers as people read them. */

/** `120 ms`, `1.2 s`, `3 min`, `2 h`, `5 d`: one unit, as long as it says enough. */
export function duration(ms: number): string {
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  if (minutes < 100) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 48) return `${Math.round(hours)} h`;
  return `${Math.round(hours / 24)} d`;
}

/** `850`, `12.4k`, `3.1M`. */
export function count(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString('en');
  if (value < 1_000_000) return `${trim(value / 1000)}k`;
  if (value < 1_000_000_000) return `${trim(value / 1_000_000)}M`;
  return `${trim(value / 1_000_000_000)}G`;
}

/** `3.4`, `12`, `210`: two digits that count. */
export function rate(value: number): string {
  if (value === 0) return '0';
  if (value >= 10_000) return count(value);
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

/** `512 B`, `48 KiB`, `7.6 GiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let amount = value;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? amount : trim(amount)} ${units[unit]}`;
}

/** `1 peer`, `2 peers`. */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`;
}

/** Blocks of a half-open span, as people count them: `block 4`, `blocks 4–7`. */
export function blocks({ start, end }: { readonly start: number; readonly end: number }): string {
  return end - start === 1 ? `block ${start}` : `blocks ${start}–${end - 1}`;
}

/** A capital at the beginning, a full stop at the end. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function trim(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
}
