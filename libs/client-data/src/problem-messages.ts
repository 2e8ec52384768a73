import type { ErrorCode } from '@dfs/contracts';

/** Failures before an engine has answered at all, or when something else answered in its place. */
export type ClientCode = 'unreachable' | 'connection-cut' | 'file-unreadable' | 'unexpected-answer';
/** Every code the console can show. */
export type ProblemCode = ErrorCode | ClientCode;

/** Text for a person: the failure, and the next step. */
export interface ProblemMessage {
  /** A short headline without a full stop. */
  title: string;
  /** One sentence a person can act on. */
  next: string;
}

/** One plain message per code. A new `ErrorCode` does not compile until it has one. */
export const PROBLEM_MESSAGES: Readonly<Record<ProblemCode, ProblemMessage>> = {
  'bad-request': {
    title: 'The node did not understand the request',
    next: 'Reload this page; if it stays, console and engine may be of different versions.',
  },
  'validation-failed': { title: 'Something entered is not valid', next: 'Correct the marked fields and try again.' },
  'invalid-path': {
    title: 'This name cannot be used',
    next: 'Use a shorter name without control characters, empty parts or “..”.',
  },
  'invalid-cursor': { title: 'The list has moved on', next: 'Load the list again from the top.' },
  'invalid-address': {
    title: 'This is not an address of a node',
    next: 'It should look like /ip4/192.168.1.20/tcp/4001, as shown on the other node’s Peers page.',
  },
  'digest-mismatch': {
    title: 'The bytes changed on the way',
    next: 'Nothing was stored. Upload the file again.',
  },
  'request-timeout': {
    title: 'The upload stood still for too long',
    next: 'Nothing was stored. Upload the file again.',
  },
  'incomplete-body': { title: 'The upload ended too early', next: 'Nothing was stored. Upload the file again.' },
  'ticket-invalid': {
    title: 'This is not a valid invite',
    next: 'Copy the whole ticket, from “dfs1” to its last character, and paste it again.',
  },
  unauthorized: { title: 'You are signed out', next: 'Sign in with the token or the link that the node printed.' },
  'origin-refused': {
    title: 'The node refused this page',
    next: 'Open the console at the exact address that the node printed when it started.',
  },
  'host-refused': {
    title: 'The node does not go by this name',
    next: 'Open the console at the address the node printed, or add this host name to DFS_ALLOWED_HOSTS.',
  },
  forbidden: { title: 'This is not allowed', next: 'Ask an owner of the network, or sign in with another token.' },
  'not-an-owner': {
    title: 'Only an owner can do this',
    next: 'Do it on a node that is an owner of the network, or ask its owner.',
  },
  'not-a-member': { title: 'That node is not a member', next: 'Invite it into the network first.' },
  'read-only-member': {
    title: 'This node only stores files',
    next: 'Its role is “storage”: add and delete files on a node with the role member or owner.',
  },
  purged: {
    title: 'This version is gone',
    next: 'The time for which the network keeps what was deleted or replaced is over, and no node has its content any more.',
  },
  'not-found': { title: 'There is nothing here', next: 'Reload the page; it may have been moved or removed.' },
  'file-not-found': { title: 'This file is gone', next: 'It was deleted or moved. Load the list again.' },
  'version-not-found': { title: 'This version is gone', next: 'Open the file’s history again and pick another.' },
  'peer-not-found': { title: 'This node is not in the network any more', next: 'Load the list of peers again.' },
  'transfer-not-found': { title: 'This transfer has ended', next: 'Load the list of transfers again.' },
  'chunk-not-found': {
    title: 'A piece of this file is missing here',
    next: 'Make sure that the nodes holding the file are running, then try again.',
  },
  'method-not-allowed': {
    title: 'The node does not offer this',
    next: 'Reload this page; console and engine may be of different versions.',
  },
  'not-acceptable': {
    title: 'The node cannot answer in this form',
    next: 'Reload this page; console and engine may be of different versions.',
  },
  conflict: { title: 'Something else changed it meanwhile', next: 'Look at its present state, then try again.' },
  'path-taken': { title: 'A file and a folder cannot have the same name', next: 'Choose another name.' },
  'path-exists': { title: 'There is a file of this name already', next: 'Choose another name.' },
  'network-full': {
    title: 'The network has as many members as it may have',
    next: 'Remove a member that is not needed any more, then try again.',
  },
  'already-member': { title: 'This node is in that network already', next: 'Nothing needs to be done.' },
  'has-files': {
    title: 'This node cannot join with its files',
    next: 'Files come along from a node that is alone in its network and is invited to write. Ask for an invite as a member, or use a fresh node.',
  },
  'last-copy': {
    title: 'This node holds the only copy of something',
    next: 'Wait until its files are copied elsewhere, or confirm that they may be lost.',
  },
  'mass-deletion': {
    title: 'That would delete most of the files',
    next: 'Stop and check; confirm only if you really mean all of them.',
  },
  'folder-root-refused': {
    title: 'No live folder may be there',
    next: 'Choose a directory under an allowed root.',
  },
  'folder-not-found': { title: 'There is no such live folder', next: 'It may have been removed: reload the list.' },
  'folder-bound': {
    title: 'The directory belongs to another live folder',
    next: 'Choose another directory.',
  },
  'folder-overlap': {
    title: 'Another live folder has that place',
    next: 'Choose a directory and a prefix that lie in no other live folder.',
  },
  'ticket-used': { title: 'This invite was used already', next: 'Each invite admits one node: ask for a new one.' },
  'ticket-expired': { title: 'This invite has expired', next: 'Ask for a new one.' },
  'length-required': { title: 'The size of the upload is missing', next: 'Upload the file again, from this page.' },
  'key-not-found': { title: 'There is no such key', next: 'Load the list of keys again.' },
  'session-not-found': { title: 'There is no such session', next: 'Load the list of sessions again.' },
  'upload-not-found': { title: 'There is no such upload', next: 'It was ended or has expired: upload the file again.' },
  'upload-expired': { title: 'The upload has expired', next: 'Upload the file again.' },
  'offset-mismatch': {
    title: 'The upload goes on somewhere else',
    next: 'Ask the node how far the upload is, and go on from there.',
  },
  'upload-locked': { title: 'The upload is under way already', next: 'Try again in a moment.' },
  'checksum-mismatch': { title: 'The bytes changed on the way', next: 'That part was not stored. Send it again.' },
  'unsupported-tus': {
    title: 'The upload speaks another version of tus',
    next: 'Use a client that speaks version 1.0.0.',
  },
  'precondition-failed': {
    title: 'The file changed meanwhile',
    next: 'Look at the present version, then decide again.',
  },
  'payload-too-large': { title: 'This is too large for one request', next: 'Send fewer or smaller files at once.' },
  'unsupported-media-type': {
    title: 'The node does not take this kind of input',
    next: 'Reload this page; console and engine may be of different versions.',
  },
  'range-not-satisfiable': { title: 'The file is shorter than that', next: 'Start the download again.' },
  'too-many-requests': { title: 'The node is busy', next: 'It will be tried again in a moment.' },
  'header-too-large': { title: 'The request was too large', next: 'Use a shorter name or search text.' },
  'internal-error': {
    title: 'The node made a mistake',
    next: 'Try again; if it stays, look into the node’s log under the request number.',
  },
  'chunk-damaged': {
    title: 'A piece of this file is damaged here',
    next: 'The node tries it again and asks its peers for a good copy; if there are none, check its disk.',
  },
  'chunk-unreadable': {
    title: 'The node’s disk cannot be read',
    next: 'Check the disk and the rights on the data directory of that node; it reads again by itself.',
  },
  'disk-failed': {
    title: 'The node’s disk takes nothing',
    next: 'Nothing was stored. Check the disk of that node, and whether it is mounted read-only; then try again.',
  },
  'not-implemented': {
    title: 'The upload came in a form this node does not read',
    next: 'A proxy between may be at fault: open the node directly.',
  },
  'peer-misbehaved': { title: 'Another node answered nonsense', next: 'Try again: other nodes will be asked.' },
  'not-ready': { title: 'The node is still starting', next: 'It will be tried again in a moment.' },
  'shutting-down': { title: 'The node is shutting down', next: 'Start it again, then continue here.' },
  cloned: {
    title: 'This node runs twice',
    next: 'Stop one of the two. To have another node, start it with an empty data directory and have it join.',
  },
  'clock-skew': {
    title: 'This node’s clock is wrong',
    next: 'Set the clock of the machine it runs on; reading works meanwhile.',
  },
  'content-unavailable': {
    title: 'No node that holds this file can be reached',
    next: 'Start one of its holders (see the file’s details), then try again.',
  },
  'peer-unreachable': {
    title: 'The other node cannot be reached',
    next: 'Check that it runs, and that address and port can be reached from here.',
  },
  timeout: { title: 'That took too long', next: 'Try again; if it stays, check the connection between the nodes.' },
  'no-space': { title: 'The disk is full', next: 'Make room on the node’s disk, then try again.' },
  'quota-exceeded': { title: 'The node’s quota is used up', next: 'Raise DFS_QUOTA or delete files, then try again.' },
  aborted: { title: 'Cancelled', next: 'Nothing was changed. Start again when you like.' },
  unreachable: {
    title: 'The node cannot be reached',
    next: 'Check that it is running. The console connects again by itself.',
  },
  'connection-cut': {
    title: 'The connection was cut during the upload',
    next: 'The node answers; nothing of this file was stored. Try it again.',
  },
  'file-unreadable': {
    title: 'This file cannot be read',
    next: 'It was moved, changed or deleted on this computer, or may not be read. Choose it again.',
  },
  'unexpected-answer': {
    title: 'Something other than the node answered',
    next: 'Check the address, and any proxy between this browser and the node.',
  },
};
