import type { ErrorCode } from '@dfs/contracts';

/** Failures before an engine has answered at all, or when something else answered in its place. */
export type ClientCode = 'unreachable' | 'connection-cut' | 'file-unreadable' | 'unexpected-answer' | 'unknown-problem';
/** Every code the console can show. */
export type ProblemCode = ErrorCode | ClientCode;

/** Text for a person: the failure, and the next step. */
export interface ProblemMessage {
  /** A short headline without a full stop. */
  title: string;
  /** One sentence a person can act on. */
  next: string;
  /** Nothing is wrong, and nothing needs to be done: it is said as information. */
  harmless?: true;
}

/** One plain message per code. A new `ErrorCode` does not compile until it has one. */
export const PROBLEM_MESSAGES: Readonly<Record<ProblemCode, ProblemMessage>> = {
  'bad-request': {
    title: $localize`The node did not understand the request`,
    next: $localize`Reload this page; if it stays, console and engine may be of different versions.`,
  },
  'validation-failed': {
    title: $localize`Something entered is not valid`,
    next: $localize`Correct the marked fields and try again.`,
  },
  'invalid-path': {
    title: $localize`This name cannot be used`,
    next: $localize`Use a shorter name without control characters, empty parts or “..”.`,
  },
  'invalid-cursor': { title: $localize`The list has moved on`, next: $localize`Load the list again from the top.` },
  'invalid-address': {
    title: $localize`This is not an address of a node`,
    next: $localize`It should look like /ip4/192.168.1.20/tcp/4001, as shown on the other node’s Peers page.`,
  },
  'digest-mismatch': {
    title: $localize`The bytes changed on the way`,
    next: $localize`Nothing was stored. Upload the file again.`,
  },
  'request-timeout': {
    title: $localize`The upload stood still for too long`,
    next: $localize`Nothing was stored. Upload the file again.`,
  },
  'incomplete-body': {
    title: $localize`The upload ended too early`,
    next: $localize`Nothing was stored. Upload the file again.`,
  },
  'ticket-invalid': {
    title: $localize`This is not a valid invite`,
    next: $localize`Copy the whole ticket, from “dfs1” to its last character, and paste it again.`,
  },
  unauthorized: {
    title: $localize`You are signed out`,
    next: $localize`Sign in with the token or the link that the node printed.`,
  },
  'origin-refused': {
    title: $localize`The node refused this page`,
    next: $localize`Open the console at the exact address that the node printed when it started.`,
  },
  'host-refused': {
    title: $localize`The node does not go by this name`,
    next: $localize`Open the console at the address the node printed, or add this host name to DFS_ALLOWED_HOSTS.`,
  },
  forbidden: {
    title: $localize`This is not allowed`,
    next: $localize`Ask an owner of the network, or sign in with another token.`,
  },
  'not-an-owner': {
    title: $localize`Only an owner can do this`,
    next: $localize`Do it on a node that is an owner of the network, or ask its owner.`,
  },
  'not-a-member': { title: $localize`That node is not a member`, next: $localize`Invite it into the network first.` },
  'read-only-member': {
    title: $localize`This node only stores files`,
    next: $localize`Its role is “storage”: add and delete files on a node with the role member or owner.`,
  },
  purged: {
    title: $localize`This version is gone`,
    next: $localize`The time for which the network keeps what was deleted or replaced is over, and no node has its content any more.`,
  },
  'not-found': {
    title: $localize`There is nothing here`,
    next: $localize`Reload the page; it may have been moved or removed.`,
  },
  'file-not-found': {
    title: $localize`This file is gone`,
    next: $localize`It was deleted or moved. Load the list again.`,
  },
  'version-not-found': {
    title: $localize`This version is gone`,
    next: $localize`Open the file’s history again and pick another.`,
  },
  'peer-not-found': {
    title: $localize`This node is not in the network any more`,
    next: $localize`Load the list of peers again.`,
  },
  'transfer-not-found': {
    title: $localize`This transfer has ended`,
    next: $localize`Load the list of transfers again.`,
  },
  'chunk-not-found': {
    title: $localize`A piece of this file is missing here`,
    next: $localize`Make sure that the nodes holding the file are running, then try again.`,
  },
  'method-not-allowed': {
    title: $localize`The node does not offer this`,
    next: $localize`Reload this page; console and engine may be of different versions.`,
  },
  'not-acceptable': {
    title: $localize`The node cannot answer in this form`,
    next: $localize`Reload this page; console and engine may be of different versions.`,
  },
  conflict: {
    title: $localize`Something else changed it meanwhile`,
    next: $localize`Look at its present state, then try again.`,
  },
  'path-taken': {
    title: $localize`A file and a folder cannot have the same name`,
    next: $localize`Choose another name.`,
  },
  'path-exists': { title: $localize`There is a file of this name already`, next: $localize`Choose another name.` },
  'network-full': {
    title: $localize`The network has as many members as it may have`,
    next: $localize`Remove a member that is not needed any more, then try again.`,
  },
  'already-member': {
    title: $localize`This node is in that network already`,
    next: $localize`Nothing needs to be done.`,
    harmless: true,
  },
  'has-files': {
    title: $localize`This node cannot join with its files`,
    next: $localize`Files come along from a node that is alone in its network and is invited to write. Ask for an invite as a member, or use a fresh node.`,
  },
  'last-copy': {
    title: $localize`This node holds the only copy of something`,
    next: $localize`Wait until its files are copied elsewhere, or confirm that they may be lost.`,
  },
  'placed-here': {
    title: $localize`The network keeps this file on this node`,
    next: $localize`Nothing needs to be done. The copy here goes by itself if the network gives the file to other nodes.`,
    harmless: true,
  },
  'mass-deletion': {
    title: $localize`That would delete most of the files`,
    next: $localize`Stop and check; confirm only if you really mean all of them.`,
  },
  'folder-root-refused': {
    title: $localize`No live folder may be there`,
    next: $localize`Choose a directory under an allowed root.`,
  },
  'folder-not-found': {
    title: $localize`There is no such live folder`,
    next: $localize`It may have been removed: reload the list.`,
  },
  'folder-bound': {
    title: $localize`The directory belongs to another live folder`,
    next: $localize`Choose another directory.`,
  },
  'folder-overlap': {
    title: $localize`Another live folder has that place`,
    next: $localize`Choose a directory and a prefix that lie in no other live folder.`,
  },
  'ticket-used': {
    title: $localize`This invite was used already`,
    next: $localize`Each invite admits one node: ask for a new one.`,
  },
  'ticket-expired': { title: $localize`This invite has expired`, next: $localize`Ask for a new one.` },
  'length-required': {
    title: $localize`The size of the upload is missing`,
    next: $localize`Upload the file again, from this page.`,
  },
  'key-not-found': { title: $localize`There is no such key`, next: $localize`Load the list of keys again.` },
  'session-not-found': {
    title: $localize`There is no such session`,
    next: $localize`Load the list of sessions again.`,
  },
  'upload-not-found': {
    title: $localize`There is no such upload`,
    next: $localize`It was ended or has expired: upload the file again.`,
  },
  'upload-expired': { title: $localize`The upload has expired`, next: $localize`Upload the file again.` },
  'offset-mismatch': {
    title: $localize`The upload goes on somewhere else`,
    next: $localize`Ask the node how far the upload is, and go on from there.`,
  },
  'upload-locked': { title: $localize`The upload is under way already`, next: $localize`Try again in a moment.` },
  locked: {
    title: $localize`A WebDAV client has locked this`,
    next: $localize`Close the file there, or try again in a moment.`,
  },
  'foreign-destination': {
    title: $localize`The destination is on another server`,
    next: $localize`Choose a destination on this node.`,
  },
  'checksum-mismatch': {
    title: $localize`The bytes changed on the way`,
    next: $localize`That part was not stored. Send it again.`,
  },
  'unsupported-tus': {
    title: $localize`The upload speaks another version of tus`,
    next: $localize`Use a client that speaks version 1.0.0.`,
  },
  'precondition-failed': {
    title: $localize`The file changed meanwhile`,
    next: $localize`Look at the present version, then decide again.`,
  },
  'payload-too-large': {
    title: $localize`This is too large for one request`,
    next: $localize`Send fewer or smaller files at once.`,
  },
  'unsupported-media-type': {
    title: $localize`The node does not take this kind of input`,
    next: $localize`Reload this page; console and engine may be of different versions.`,
  },
  'range-not-satisfiable': {
    title: $localize`The file is shorter than that`,
    next: $localize`Start the download again.`,
  },
  'too-many-requests': { title: $localize`The node is busy`, next: $localize`It will be tried again in a moment.` },
  'header-too-large': {
    title: $localize`The request was too large`,
    next: $localize`Use a shorter name or search text.`,
  },
  'internal-error': {
    title: $localize`The node made a mistake`,
    next: $localize`Try again; if it stays, look into the node’s log under the request number.`,
  },
  'chunk-damaged': {
    title: $localize`A piece of this file is damaged here`,
    next: $localize`The node tries it again and asks its peers for a good copy; if there are none, check its disk.`,
  },
  'chunk-unreadable': {
    title: $localize`The node’s disk cannot be read`,
    next: $localize`Check the disk and the rights on the data directory of that node; it reads again by itself.`,
  },
  'disk-failed': {
    title: $localize`The node’s disk takes nothing`,
    next: $localize`Nothing was stored. Check the disk of that node, and whether it is mounted read-only; then try again.`,
  },
  'not-implemented': {
    title: $localize`The upload came in a form this node does not read`,
    next: $localize`A proxy between may be at fault: open the node directly.`,
  },
  'peer-misbehaved': {
    title: $localize`Another node answered nonsense`,
    next: $localize`Try again: other nodes will be asked.`,
  },
  'not-ready': { title: $localize`The node is still starting`, next: $localize`It will be tried again in a moment.` },
  'shutting-down': {
    title: $localize`The node is shutting down`,
    next: $localize`Start it again, then continue here.`,
  },
  cloned: {
    title: $localize`This node runs twice`,
    next: $localize`Stop one of the two. To have another node, start it with an empty data directory and have it join.`,
  },
  'clock-skew': {
    title: $localize`This node’s clock is wrong`,
    next: $localize`Set the clock of the machine it runs on; reading works meanwhile.`,
  },
  'content-unavailable': {
    title: $localize`No node that holds this file can be reached`,
    next: $localize`Start one of its holders (see the file’s details), then try again.`,
  },
  'peer-unreachable': {
    title: $localize`The other node cannot be reached`,
    next: $localize`Check that it runs, and that address and port can be reached from here.`,
  },
  timeout: {
    title: $localize`That took too long`,
    next: $localize`Try again; if it stays, check the connection between the nodes.`,
  },
  'no-space': { title: $localize`The disk is full`, next: $localize`Make room on the node’s disk, then try again.` },
  'quota-exceeded': {
    title: $localize`The node’s quota is used up`,
    next: $localize`Raise DFS_QUOTA or delete files, then try again.`,
  },
  aborted: {
    title: $localize`Cancelled`,
    next: $localize`Nothing was changed. Start again when you like.`,
    harmless: true,
  },
  unreachable: {
    title: $localize`The node cannot be reached`,
    next: $localize`Check that it is running. The console connects again by itself.`,
  },
  'connection-cut': {
    title: $localize`The connection was cut during the upload`,
    next: $localize`The node answers; nothing of this file was stored. Try it again.`,
  },
  'file-unreadable': {
    title: $localize`This file cannot be read`,
    next: $localize`It was moved, changed or deleted on this computer, or may not be read. Choose it again.`,
  },
  'unexpected-answer': {
    title: $localize`Something other than the node answered`,
    next: $localize`Check the address, and any proxy between this browser and the node.`,
  },
  'unknown-problem': {
    title: $localize`The node says what this page does not know`,
    next: $localize`Reload this page; console and engine may be of different versions.`,
  },
};
