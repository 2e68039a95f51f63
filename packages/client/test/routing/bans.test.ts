import type { PeerId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Bans } from '../../src/routing/bans.js';
import { routingLimits } from '../../src/routing/routing-limits.js';

const peer = 'peer' as PeerId;

describe('Bans', () => {
  it('doubles with each failure, up to the longest, and ends by itself', () => {
    let nowMs = 0;
    const bans = new Bans(() => nowMs);
    const lengths = Array.from({ length: 9 }, () => bans.blame(peer));
    expect(lengths.slice(0, 3)).toEqual([5000, 10_000, 20_000]);
    expect(lengths.at(-1)).toBe(routingLimits.banMsMax);
    expect(bans.isBanned(peer)).toBe(true);
    nowMs = routingLimits.banMsMax;
    expect(bans.isBanned(peer)).toBe(false);
    expect(bans.nextExpiryMs()).toBeNull();
  });

  it('is short at first for a peer whose connection ended, and grows all the same', () => {
    const bans = new Bans(() => 0);
    const lengths = Array.from({ length: 12 }, () => bans.blame(peer, 'closed'));
    expect(lengths.slice(0, 3)).toEqual([500, 1000, 2000]);
    expect(lengths.at(-1)).toBe(routingLimits.banMsMax);
  });

  it('is forgiven by a success', () => {
    const bans = new Bans(() => 0);
    bans.blame(peer);
    bans.blame(peer);
    bans.forgive(peer);
    expect(bans.isBanned(peer)).toBe(false);
    expect(bans.blame(peer)).toBe(routingLimits.banMsFirst);
  });

  it('remembers a bounded number of peers', () => {
    const bans = new Bans(() => 0);
    bans.blame(peer);
    for (let index = 0; index < routingLimits.peersRememberedMax; index += 1) {
      bans.blame(`p${index}` as PeerId);
    }
    expect(bans.isBanned(peer)).toBe(false);
  });
});
