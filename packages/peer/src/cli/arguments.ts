import { type DeviceChoice, deviceChoices, SkeinError, type Span } from '@skein/protocol';
import { InvalidArgumentError } from 'commander';

/** Parsers of flag values. Commander prints what they throw beside the flag's name. */

/** A whole number of at least `minimum`, and at most `maximum` where there is one. */
export function integer(
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      const most = maximum === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${maximum}`;
      throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}${most}.`);
    }
    return value;
  };
}

/** A number within `[minimum, maximum]`. */
export function decimal(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= minimum && value <= maximum)) {
      throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** A span `start:end` of blocks, end exclusive. */
export function span(text: string): Span {
  const match = /^(\d+):(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must look like 0:8 (end exclusive).');
  const [start, end] = [Number(match[1]), Number(match[2])];
  if (start >= end) throw new InvalidArgumentError('The end must be greater than the start.');
  return { start, end };
}

/** Collects a flag that may be given several times, or with several values by comma. */
export function list(text: string, previous: readonly string[] | undefined): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...(previous ?? []), ...parts.filter((part) => part !== '')];
}

/** Names out of a list, by comma. */
export function namesOf<Name extends string>(
  known: readonly Name[],
): (text: string) => readonly Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const name = known.find((each) => each === part.trim());
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`It must be of ${known.join(', ')}.`);
    });
}

/** A kind of device, and perhaps which of its kind. */
export interface DeviceSelection {
  readonly device: DeviceChoice;
  readonly deviceIndex?: number;
}

/** `cuda` for all devices of that kind, `cuda:1` for the second one. */
export function deviceSelection(text: string): DeviceSelection {
  const [, name, index] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(text) ?? [];
  const device = deviceChoices.find((choice) => choice === name);
  const isOneOfSeveral = device !== 'auto' && device !== 'cpu';
  if (device === undefined || (index !== undefined && !isOneOfSeveral)) {
    const kinds = deviceChoices.join(', ');
    throw new InvalidArgumentError(
      `It must be of ${kinds}, or one device like cuda:0 or vulkan:1.`,
    );
  }
  return index === undefined ? { device } : { device, deviceIndex: Number(index) };
}

/** Bytes: `6G`, `512M`, or a plain number. */
export function byteCount(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)i?B?$/i.exec(text.trim()) ?? [];
  const power = ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase());
  if (number === undefined) throw new InvalidArgumentError('It must look like 6G or 512M.');
  return Math.round(Number(number) * 1024 ** power);
}

/** Token ids by comma. */
export function tokenIds(text: string): readonly number[] {
  const ids = text.split(',').map((part) => Number(part.trim()));
  if (ids.some((id) => !Number.isInteger(id) || id < 0)) {
    throw new InvalidArgumentError('It must be token ids by comma, like 1,15,92.');
  }
  return ids;
}

/** `host:port`, `:port` or `port`. */
export function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError('It must look like 127.0.0.1:8080.');
  }
  return { host: match[1] === undefined || match[1] === '' ? '127.0.0.1' : match[1], port };
}

/** Fails with exit code 2 unless exactly one of the values is given. */
export function requireOneOf(values: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 1) return;
  const names = Object.keys(values).join(' or ');
  throw new SkeinError('bad-argument', `Give exactly one of ${names}.`);
}
