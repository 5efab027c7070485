import { totalmem } from 'node:os';
import { InvalidConfigurationError } from '../../lib/errors';
import { MACHINE_PROFILES, detectRamMb, ramOf, sizingFor } from '../../lib/machine';

const MIB = 1024 * 1024;

describe('a profile', () => {
  it.each([
    ['nano', 512, 2],
    ['micro', 1024, 2],
    ['small', 2048, 2],
    ['medium', 4096, 2],
    ['large', 8192, 2],
    ['xlarge', 16384, 4],
    ['2xlarge', 32768, 8],
  ] as const)('%s stands for %i MB and %i cores', (profile, ramMb, cpuCores) => {
    expect(MACHINE_PROFILES[profile]).toEqual({ ramMb, cpuCores });
    expect(ramOf(profile)).toBe(ramMb);
  });

  it('is one of seven', () => {
    expect(Object.keys(MACHINE_PROFILES)).toHaveLength(7);
  });
});

describe('the sizing', () => {
  it.each([
    // RAM MB, cache_size KiB, mmap_size MiB, wal_autocheckpoint pages, journal_size_limit bytes
    [512, -10_240, 5, 1280, 33_554_432],
    [1024, -20_480, 10, 2560, 33_554_432],
    [2048, -40_960, 20, 5120, 62_914_560],
    [4096, -82_944, 40, 8000, 98_304_000],
    [8192, -166_912, 81, 8000, 98_304_000],
    [16384, -334_848, 128, 8000, 98_304_000],
    [32768, -670_720, 128, 8000, 98_304_000],
  ])('of %i MB is that of its profile', (ramMb, cacheSize, mmapMb, walAutocheckpoint, journalSizeLimit) => {
    expect(sizingFor(ramMb)).toEqual({ cacheSize, mmapSize: mmapMb * MIB, walAutocheckpoint, journalSizeLimit });
  });

  it.each([
    ['never takes less than 8 MB of cache', 1, 8],
    ['takes the least cache up to 449 MB of RAM', 449, 8],
    ['takes more from 450 MB on', 450, 9],
    ['rounds the cache down', 99, 8],
    ['rounds the cache down to whole MB', 4099, 81],
    ['grows the cache at 4100 MB', 4100, 82],
    ['stays below the greatest cache at 51199 MB', 51199, 1023],
    ['reaches the greatest cache at 51200 MB', 51200, 1024],
    ['never takes more than 1024 MB of cache', 1_048_576, 1024],
  ])('%s', (_title, ramMb, cacheMb) => {
    expect(sizingFor(ramMb).cacheSize).toBe(-1024 * cacheMb);
  });

  it('maps half of the cache, rounded down, and at most 128 MB', () => {
    expect(sizingFor(450).mmapSize).toBe(4 * MIB);
    expect(sizingFor(12_799).mmapSize).toBe(127 * MIB);
    expect(sizingFor(12_800).mmapSize).toBe(128 * MIB);
    expect(sizingFor(12_950).mmapSize).toBe(128 * MIB);
  });

  it('checkpoints at 128 pages for each MB of cache, and at most at 8000', () => {
    expect(sizingFor(1).walAutocheckpoint).toBe(1024);
    expect(sizingFor(3100).walAutocheckpoint).toBe(7936);
    expect(sizingFor(3150).walAutocheckpoint).toBe(8000);
  });

  it('keeps three checkpoints of journal, and at least 32 MiB', () => {
    expect(sizingFor(1050).journalSizeLimit).toBe(32 * MIB);
    expect(sizingFor(1100).journalSizeLimit).toBe(3 * 4096 * 22 * 128);
  });

  it('keeps a writer and two readers within 6 % of the RAM, from 400 MB on', () => {
    for (const ramMb of [400, 512, 1024, 4096, 32768, 65536]) {
      expect((3 * -sizingFor(ramMb).cacheSize) / 1024).toBeLessThanOrEqual(ramMb * 0.06);
    }
  });
});

describe('the RAM that is found without a spec', () => {
  it("is a container's limit when that is below the machine's total", () => {
    expect(detectRamMb(512 * MIB, 8192 * MIB)).toBe(512);
  });

  it.each([
    ['is unknown to the platform', undefined],
    ['is 0', 0],
    ['is the total', 8192 * MIB],
    ['is above the total', 9000 * MIB],
    ['is the huge number that says there is none', 2 ** 64],
  ])("is the machine's total when the limit %s", (_title, constrained) => {
    expect(detectRamMb(constrained, 8192 * MIB)).toBe(8192);
  });

  it('is rounded down to whole MB', () => {
    expect(detectRamMb(0, 1025 * MIB - 1)).toBe(1024);
    expect(detectRamMb(1025 * MIB - 1, 8192 * MIB)).toBe(1024);
  });

  it('is taken as 4096 MB when nothing is known', () => {
    expect(detectRamMb(undefined, 0)).toBe(4096);
    expect(detectRamMb(undefined, Number.NaN)).toBe(4096);
  });

  it("is this machine's when nothing is given", () => {
    expect(ramOf(undefined)).toBe(detectRamMb(process.constrainedMemory(), totalmem()));
    expect(ramOf(undefined)).toBeGreaterThan(0);
  });
});

describe('a spec of your own', () => {
  it('gives its RAM', () => {
    expect(ramOf({ ramMb: 3000, cpuCores: 3 })).toBe(3000);
  });

  it.each([
    ['RAM of 0', { ramMb: 0, cpuCores: 2 }, 'spec.ramMb'],
    ['RAM below 0', { ramMb: -1, cpuCores: 2 }, 'spec.ramMb'],
    ['RAM that is no whole number', { ramMb: 1.5, cpuCores: 2 }, 'spec.ramMb'],
    ['RAM that is no number', { ramMb: '512', cpuCores: 2 }, 'spec.ramMb'],
    ['RAM that is NaN', { ramMb: Number.NaN, cpuCores: 2 }, 'spec.ramMb'],
    ['endless RAM', { ramMb: Infinity, cpuCores: 2 }, 'spec.ramMb'],
    ['no RAM', { cpuCores: 2 }, 'spec.ramMb'],
    ['0 cores', { ramMb: 512, cpuCores: 0 }, 'spec.cpuCores'],
    ['half a core', { ramMb: 512, cpuCores: 0.5 }, 'spec.cpuCores'],
    ['no cores', { ramMb: 512 }, 'spec.cpuCores'],
    ['an unknown profile', 'huge', 'spec'],
    ['the name of something that every object has', 'toString', 'spec'],
    ['null', null, 'spec'],
    ['a number', 512, 'spec'],
  ])('with %s is refused', (_title, spec, component) => {
    expect.assertions(2);
    try {
      ramOf(spec);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidConfigurationError);
      expect(error).toHaveProperty('component', component);
    }
  });
});
