import type { PeerId } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import type { Libp2p } from 'libp2p';

/** A libp2p, and the parts of it that its public face does not show. */
export interface Host {
  readonly libp2p: Libp2p;
  readonly components: KadDHTComponents;
  /** Where places with relays are kept; undefined when relays are not used. */
  readonly reservations: ReservationStore | undefined;
}

/** The part of libp2p's relay transport that keeps places with relays; public there, but missing from the type. */
export interface ReservationStore extends EventTarget {
  addRelay(relay: PeerId, type: 'configured'): Promise<unknown>;
  hasReservation(relay: PeerId): boolean;
  cancelReservations(): void;
  /** Peers that once could not be asked. Forgotten here: a member that was gone for a moment is asked again. */
  relayFilter: { has(): boolean; add(): void };
}
