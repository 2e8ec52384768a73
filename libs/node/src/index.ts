/**
 * The composition of one node: the layers from membership up to purging, made of what lies below them, and the order in
 * which they start and stop. The engine, the simulation and tests compose their nodes here, so that they cannot differ.
 * Does not: open databases or chunk stores, listen to HTTP, or read a configuration.
 */
export { composeNode, startSteps, stopSteps, type NodeParts, type NodePorts, type Step } from './compose-node.js';
