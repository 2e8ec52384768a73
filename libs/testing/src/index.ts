/**
 * Tools of specs: temporary folders and databases, seeded randomness, a fake clock, waiting for a condition,
 * real input files, bytes that rot, disks that fail, networks of nodes, real engine processes, and hosts of their own for these, whether longer forms are run, and what is skipped where something is missing. Imported by specs alone.
 */
export { corrupt } from './corrupt.js';
export { DiskFaults, type DiskFault, type FaultyCall } from './disk-faults/disk-faults.js';
export { tempDatabase, tempDir, testDatabase, type TempDatabase, type TempDir } from './temp.js';
export { seededRandom, type SeededRandom } from './random.js';
export { eventually, fakeClock, type FakeClock, type Passing } from './wait.js';
export { realFiles, sha256Hex, type RealFile } from './real-files.js';
export { connected, removeAll, startEngine, startNetwork, type Engine, type EngineOptions } from './engine-process.js';
export { netnsUnavailable, NetnsLan, type LinkLimit, type NetnsHost } from './netns.js';
export { admissionsBy, admitMany } from './many-members.js';
export { NodeNetwork, type NetworkNode } from './node-network.js';
export { claimPort, type ClaimedPort } from './ports.js';
export { TestSections } from './status-sections.js';
export { isLong } from './long.js';
export { sharpUnavailable, tmpfsUnavailable, unless } from './unless.js';
