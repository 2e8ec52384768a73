/**
 * Whole networks in one process: nodes made of the shipped libraries, each with a real disk and database, over a
 * network whose latency, loss and partitions a test decides. Imported by specs alone.
 */
export { Cluster, type ClusterOptions } from './cluster.js';
export { SimNode, type SimNodeOptions } from './sim-node.js';
