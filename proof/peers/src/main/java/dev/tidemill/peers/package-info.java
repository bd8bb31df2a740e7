/**
 * Measures Tidemill beside other job systems: the same jobs, the same machine, the same database, one after the other.
 * {@code PeersBench} leads, each system sits behind the {@code Peer} port in processes of its own.
 */
@NullMarked
package dev.tidemill.peers;

import org.jspecify.annotations.NullMarked;
