import type { ErrorCode } from '@dfs/contracts';

/** The text of a problem's page. Plain text; an address or header in it stands as it is typed. */
export interface ProblemText {
  /** The cause. */
  means: string;
  /** The remedy. */
  todo: string;
}

const text = (means: string, todo: string): ProblemText => ({ means, todo });

/**
 * One text for each code, for a person who writes or runs a program that talks to a node; the console has messages of its own, which
 * name its buttons. A new code does not compile until it has one.
 */
export const PROBLEM_TEXTS: Readonly<Record<ErrorCode, ProblemText>> = {
  'bad-request': text(
    'The node cannot read the request: its address, a header or its body is malformed.',
    'Compare the request with /api/docs. The detail of the problem names what is malformed. The same request fails again.',
  ),
  'validation-failed': text(
    'A parameter, a header or a field of the body is missing, unknown, or outside its bounds.',
    'The list errors of the problem names each field and what is wrong with it. Correct those and send the request again.',
  ),
  'invalid-path': text(
    'No file can have this path. A path is relative UTF-8 of at most 1,024 bytes, with / between its parts; no part is empty, . or .., and none has control characters.',
    'Send another path. In an address it is percent-encoded.',
  ),
  'invalid-cursor': text(
    'The cursor is none that this node has given for this list and these parameters.',
    'Send the nextCursor of the page before with the same parameters, or begin again without a cursor.',
  ),
  'invalid-address': text(
    'The text is no multiaddr that a node can be dialled at.',
    'Take an address that GET /api/v1/node of the other node tells, such as /ip4/192.168.1.20/tcp/4001.',
  ),
  'digest-mismatch': text(
    'The bytes that came are not those that Repr-Digest or Content-Digest announced. Nothing was stored.',
    'Send the file again. If it stays, the digest was computed of other bytes, or something between changes them.',
  ),
  'incomplete-body': text(
    'The connection ended, or the form did, before all that was announced had come. Nothing of that file was stored.',
    'Send it again. Check the connection and any proxy between.',
  ),
  'ticket-invalid': text(
    'The text is no ticket, or one that its node did not make.',
    'Copy the whole ticket, from dfs1 to its last character. An owner makes a new one by POST /api/v1/network/invites.',
  ),
  unauthorized: text(
    'The request has no token of this node, or a wrong one. Many wrong ones are answered ever more slowly.',
    'Send Authorization: Bearer with the token that stands in the file api-token of the data directory.',
  ),
  'origin-refused': text(
    'The request comes from a page of another web site. A node answers its own console and programs alone.',
    'Open the console at the address the node printed. A program leaves out the header Origin.',
  ),
  'host-refused': text(
    'The header Host names a host that this node does not go by. That guards it from pages that point a name of theirs at it.',
    'Use the address the node printed, or add the name to DFS_ALLOWED_HOSTS.',
  ),
  forbidden: text(
    'The node knows the client, and does not allow this: a write with the console’s cookie needs the header X-DFS-Request, and a stored file is not run as part of a page.',
    'The detail says which rule it is. The same request fails again.',
  ),
  'not-an-owner': text(
    'Only an owner of the network may do this, and this node is none.',
    'Do it at a node that is an owner. GET /api/v1/peers tells the role of each member.',
  ),
  'not-a-member': text(
    'The node in question is no member of this network.',
    'Invite it by POST /api/v1/network/invites, or check the peer id.',
  ),
  'read-only-member': text(
    'This node has the role storage: it holds chunks, and writes no files.',
    'Write at a node with the role member or owner.',
  ),
  'not-found': text(
    'There is nothing at this address.',
    'Compare the address with /api/docs: a mistyped one is not corrected.',
  ),
  'file-not-found': text(
    'There is no file with this id or path, or it was deleted.',
    'List the files anew. A deleted one is under GET /api/v1/files?state=deleted, and POST …/restore brings it back.',
  ),
  'version-not-found': text(
    'The file has no such version, or the version has no bytes of its own.',
    'Take a version from GET /api/v1/files/{fileId}/versions.',
  ),
  'peer-not-found': text('No member of this network has that peer id.', 'Take it from GET /api/v1/peers.'),
  'transfer-not-found': text(
    'No transfer with this id is running; it may have ended.',
    'List them by GET /api/v1/transfers.',
  ),
  'chunk-not-found': text(
    'A part of the content is not on this node, and was to be read from here.',
    'Try again: it is fetched from its holders. If it stays, GET /api/v1/files/{fileId}/holders tells which members must run.',
  ),
  'key-not-found': text('There is no API key with this id on this node.', 'GET /api/v1/keys lists those there are.'),
  'session-not-found': text(
    'There is no session with this id on this node: it has ended or expired.',
    'GET /api/v1/sessions lists those there are.',
  ),
  'upload-not-found': text(
    'There is no upload with this id: it was ended, has expired, or belongs to another key.',
    'Begin a new one by POST /api/v1/uploads.',
  ),
  'method-not-allowed': text(
    'The address is known, the method is not one of those that it takes.',
    'The header Allow of the answer lists them.',
  ),
  'not-acceptable': text(
    'The node cannot answer in a form that the header Accept allows.',
    'Send Accept: */*, or leave it out.',
  ),
  'request-timeout': text(
    'The request came too slowly, or stopped before its end. Nothing was stored.',
    'Send it again over a connection that moves.',
  ),
  conflict: text(
    'The request does not fit the present state, which another act has changed or is changing.',
    'Read the present state, decide again, and send the request that fits it.',
  ),
  'path-exists': text(
    'There is a file at the path already.',
    'Choose another path, or write a new version of that file.',
  ),
  'path-taken': text(
    'A file cannot have the name of a folder, and no file can lie beneath another: the names would clash on a disk.',
    'Choose another path. The detail names the one that is in the way.',
  ),
  'already-member': text('This node is in the network of that ticket already.', 'Nothing needs to be done.'),
  'network-full': text(
    'The network has as many members as it may have.',
    'Remove a member that is not needed any more by DELETE /api/v1/peers/{peerId}, then try again.',
  ),
  'has-files': text(
    'A node brings its files into another network only where it is alone in its own and is invited to write.',
    'Use a ticket for the role member or owner, or join with an empty data directory.',
  ),
  'last-copy': text(
    'The member alone holds something that would be lost with it. The problem tells how much.',
    'Wait until it is copied elsewhere, remove it with drain=true, or say confirm=true if it may be lost.',
  ),
  'placed-here': text(
    'This node is one of those that keep the file for the network, so its copy here cannot be freed. The wish to keep it here is taken back.',
    'Nothing needs to be done. The copy goes by itself if the network gives the file to other nodes.',
  ),
  'mass-deletion': text(
    'The act would delete most of the files, and was not confirmed. The problem tells the counts. Nothing was deleted.',
    'Check that all of them are meant; then send it with confirm=true.',
  ),
  'folder-root-refused': text(
    'A live folder may not be bound to this directory: it is outside of the allowed roots, or a directory of the system.',
    'Choose a directory under an allowed root, or bind it by the command line on the machine itself.',
  ),
  'folder-not-found': text(
    'There is no live folder with this id on this node.',
    'Read the list of live folders again.',
  ),
  'folder-bound': text(
    'The directory has the marker of another live folder.',
    'Choose another directory, or remove the other folder and its marker first.',
  ),
  'folder-overlap': text(
    'The root or the prefix lies in that of another live folder, or contains it.',
    'Choose a root and a prefix that no other live folder of this node has.',
  ),
  'offset-mismatch': text(
    'The part does not begin where the upload stands. Nothing of it was stored.',
    'Ask for the offset by HEAD of the upload, and go on from there.',
  ),
  'ticket-used': text('A ticket admits one node, and this one has.', 'Ask an owner for a new one.'),
  'ticket-expired': text('The time of the ticket is over.', 'Ask an owner for a new one.'),
  purged: text(
    'The retention of this version is over, and no member promises its bytes any more.',
    'There is nothing to wait for. Settings retentionSeconds and retainedVersions decide how long versions are kept.',
  ),
  'upload-expired': text(
    'Nothing has come for the upload for too long, and its bytes were given up.',
    'Begin a new one by POST /api/v1/uploads.',
  ),
  'length-required': text(
    'The request does not tell how long its body is, so that an empty file and a lost one would look alike.',
    'Send Content-Length, 0 for an empty file, or the body by Transfer-Encoding: chunked.',
  ),
  'precondition-failed': text(
    'The file is not as If-Match, If-None-Match or If-Unmodified-Since asks: it was written meanwhile, or is there already. Nothing was changed.',
    'Read the file anew, decide again, and send the tag that it has now.',
  ),
  'unsupported-tus': text(
    'The header Tus-Resumable names no version of tus that this node speaks. Tus-Version of the answer lists those that it does.',
    'Send Tus-Resumable: 1.0.0.',
  ),
  'payload-too-large': text(
    'The body is larger than this address takes. Contents of files have no such limit; JSON has.',
    'Send fewer items at once.',
  ),
  'unsupported-media-type': text(
    'The address does not take a body of this Content-Type or Content-Encoding.',
    'JSON is sent as application/json without a coding, forms as multipart/form-data, contents of files as they are.',
  ),
  'range-not-satisfiable': text(
    'The range begins behind the end of the file. Content-Range of the answer tells how long the file is.',
    'Ask for a range within it, or for the whole.',
  ),
  'upload-locked': text(
    'Another request sends to this upload.',
    'Let that one end, or cut it off; then ask for the offset by HEAD, and go on from there.',
  ),
  locked: text(
    'A client of WebDAV of this node holds a lock here, and the request shows no token of it; or a change is under way that a new lock would have to wait for.',
    'Close the file in the program that has locked it, or wait until its lock has expired: no lock lasts longer than an hour unless it is refreshed.',
  ),
  'foreign-destination': text(
    'The header Destination of a COPY or MOVE names no address below /dav/ of this node.',
    'Take the address from the answer to a PROPFIND. To another server download the file, and upload it there.',
  ),
  'too-many-requests': text(
    'The node, or the member that it asked, has as much to do as it takes on at once.',
    'Wait for as many seconds as Retry-After says, then send the same request.',
  ),
  'header-too-large': text('Address and headers together are larger than 16 KiB.', 'Send less in them.'),
  'checksum-mismatch': text(
    'The bytes of this part are not those that Upload-Checksum announced. None of them was stored.',
    'Send the same part again.',
  ),
  'internal-error': text(
    'The node has met an error that nobody has foreseen. It is a fault of the program.',
    'Try again. If it stays, look for the request id in the log of the node, and report it.',
  ),
  'chunk-damaged': text(
    'A chunk on the disk of this node no longer hashes to its id. Damaged bytes are never sent.',
    'Try again: the node asks other holders for a good copy. Check the disk.',
  ),
  'not-implemented': text(
    'The body came in a Transfer-Encoding that this node does not undo.',
    'Send it as it is, by chunked at most. A proxy between may be at fault.',
  ),
  'peer-misbehaved': text(
    'Another node has answered something that cannot be right.',
    'Try again: other members are asked. If it stays, compare the versions of the nodes.',
  ),
  'not-ready': text(
    'The node is starting, or cannot serve for now. GET /health/ready tells why.',
    'Wait for as many seconds as Retry-After says, then send the same request.',
  ),
  'shutting-down': text('The node is ending.', 'Start it again, then send the same request.'),
  'disk-failed': text(
    'The disk under the data directory takes or gives nothing. Nothing was stored.',
    'Check the disk, and whether it is mounted read-only; then send the same request.',
  ),
  'chunk-unreadable': text(
    'The disk of this node does not let a chunk be read.',
    'Check the disk and the rights on the data directory. The node reads again by itself.',
  ),
  'clock-skew': text(
    'Most members show another time than this node, or a version is stamped far ahead: writing would put files into a wrong order.',
    'Set the clock of the machine. Reading works meanwhile. POST /api/v1/node/clock says that this clock is right.',
  ),
  cloned: text(
    'Two nodes run with the identity of this one, from copies of one data directory.',
    'Stop one of them. To have another node, start it with an empty data directory and have it join.',
  ),
  'content-unavailable': text(
    'No member that holds the bytes can be reached.',
    'Start one of the holders that GET /api/v1/files/{fileId}/holders tells, then send the same request.',
  ),
  'peer-unreachable': text(
    'The other node cannot be reached.',
    'Check that it runs, and that its address and port can be reached from here.',
  ),
  timeout: text(
    'Something that the answer needs has taken too long.',
    'Try again. If it stays, check the connection between the nodes.',
  ),
  'no-space': text(
    'The disk of the node is full but for its reserve. Nothing was stored.',
    'Make room on that disk, then send the same request.',
  ),
  'quota-exceeded': text(
    'The bytes this node may store are used up.',
    'Raise its quota by PATCH /api/v1/settings, or delete files.',
  ),
  aborted: text('The client went away, or cancelled.', 'Nothing needs to be done.'),
};
