package dev.tidemill.server.http;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * The proxies that stand before the server. What {@code X-Forwarded-For} and {@code X-Forwarded-Proto} say counts only
 * where one of these sent it: anybody can write such a header. Immutable.
 */
public final class Proxies {
    /** None: the other end of a connection is who sends the request. */
    public static final Proxies NONE = new Proxies(List.of());

    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Range(byte[] network, int bits) {
        boolean holds(InetAddress address) {
            byte[] bytes = address.getAddress();
            if (bytes.length != network.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit % 8);
                if ((bytes[bit / 8] & mask) != (network[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private final List<Range> ranges;

    private Proxies(List<Range> ranges) {
        this.ranges = ranges;
    }

    /**
     * Proxies in these networks, written as {@code 10.0.0.0/8}, {@code fd00::/8} or a single address.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise
     */
    public static Proxies in(List<String> networks) {
        return new Proxies(networks.stream().map(Proxies::range).toList());
    }

    private static Range range(String text) {
        String[] parts = text.strip().split("/", 2);
        Optional<InetAddress> address = Addresses.literal(parts[0]);
        if (address.isPresent()) {
            byte[] network = address.get().getAddress();
            try {
                int bits = parts.length == 1 ? network.length * 8 : Integer.parseInt(parts[1]);
                if (bits >= 0 && bits <= network.length * 8) {
                    return new Range(network, bits);
                }
            } catch (NumberFormatException noNumber) {
                // Refused below.
            }
        }
        throw new TidemillException(
                ErrorCode.INVALID_OPTION,
                "'" + text + "' is no network of proxies; write it as 10.0.0.0/8, fd00::/8 or 192.0.2.7.");
    }

    /** Whether the other end of a connection is one of these. */
    boolean trust(String peer) {
        return Addresses.literal(peer).map(this::trusts).orElse(false);
    }

    private boolean trusts(InetAddress address) {
        return ranges.stream().anyMatch(range -> range.holds(address));
    }

    /**
     * Where a request came from: the last address on its way that is none of these.
     *
     * @param peer the other end of the connection
     * @param forwardedFor the values of {@code X-Forwarded-For}, in their order
     */
    String client(String peer, List<String> forwardedFor) {
        String client = peer;
        String[] hops = String.join(",", forwardedFor).split(",", -1);
        for (int i = hops.length - 1; i >= 0 && trust(client); i--) {
            Optional<InetAddress> before = Addresses.literal(withoutPort(hops[i].strip()));
            if (before.isEmpty()) {
                return client;
            }
            client = before.get().getHostAddress();
        }
        return client;
    }

    private static String withoutPort(String hop) {
        int bracket = hop.indexOf(']');
        if (bracket > 0) {
            return hop.substring(0, bracket + 1);
        }
        return hop.indexOf(':') == hop.lastIndexOf(':') ? hop.split(":", 2)[0] : hop;
    }
}
