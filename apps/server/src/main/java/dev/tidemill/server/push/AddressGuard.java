package dev.tidemill.server.push;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import org.apache.hc.client5.http.DnsResolver;

/**
 * Keeps requests from addresses that only this machine or its network can reach, and from going without TLS: whoever may
 * register an endpoint must not see through the server what stands behind it. A host is resolved once, right before connecting, and the addresses that
 * were checked are those that are connected to, so that a name which changes its mind in between (DNS rebinding) gains
 * nothing. However an address is written (decimal, octal, mapped into IPv6), what counts is what it stands for. Of a host
 * with several addresses all have to be public. Thread safe.
 */
final class AddressGuard implements DnsResolver {
    /** What is not reached over the public network: IANA's special-purpose addresses, multicast, and what is reserved. */
    private static final List<Range> NOT_PUBLIC_4 = ranges(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4");

    /** Of IPv6 only this is public at all; addresses that carry one of IPv4 lie outside of it, or below. */
    private static final Range UNICAST_6 = Range.of("2000::/3");

    private static final List<Range> NOT_PUBLIC_6 = ranges("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    private final boolean allowPrivate;
    private final Names names;

    /** Finds the addresses of a name. */
    @FunctionalInterface
    interface Names {
        InetAddress[] of(String host) throws UnknownHostException;
    }

    /** The address is none that may be reached. */
    static final class RefusedAddressException extends UnknownHostException {
        private static final long serialVersionUID = 1L;

        RefusedAddressException(String message) {
            super(message);
        }
    }

    private record Range(InetAddress start, int bits) {
        static Range of(String text) {
            String[] parts = text.split("/", 2);
            try {
                return new Range(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1]));
            } catch (UnknownHostException never) {
                throw new IllegalStateException(text, never);
            }
        }

        boolean holds(InetAddress address) {
            byte[] mine = start.getAddress();
            byte[] its = address.getAddress();
            if (its.length != mine.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                int bit = 0x80 >> (i % 8);
                if ((its[i / 8] & bit) != (mine[i / 8] & bit)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static List<Range> ranges(String... texts) {
        return java.util.Arrays.stream(texts).map(Range::of).toList();
    }

    /** Guards, unless private addresses are allowed. */
    AddressGuard(boolean allowPrivate) {
        this(allowPrivate, InetAddress::getAllByName);
    }

    AddressGuard(boolean allowPrivate, Names names) {
        this.allowPrivate = allowPrivate;
        this.names = names;
    }

    /** Refuses an address that would be sent to in clear text: whoever is on the way there would read jobs and headers. */
    void refuseClearText(URI url) throws RefusedAddressException {
        if (!allowPrivate && !"https".equalsIgnoreCase(url.getScheme())) {
            throw new RefusedAddressException("The endpoint's url is " + url.getScheme()
                    + "; jobs are sent by https alone, unless the server runs with --allow-private-endpoints.");
        }
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        InetAddress[] found = names.of(host);
        if (!allowPrivate) {
            for (InetAddress address : found) {
                if (!isPublic(address)) {
                    throw new RefusedAddressException(
                            "The host " + host + " is not on the public network; endpoints there are refused unless the"
                                    + " server runs with --allow-private-endpoints.");
                }
            }
        }
        return found;
    }

    @Override
    public String resolveCanonicalHostname(String host) {
        return host;
    }

    static boolean isPublic(InetAddress address) {
        return address.getAddress().length == 4
                ? NOT_PUBLIC_4.stream().noneMatch(range -> range.holds(address))
                : UNICAST_6.holds(address) && NOT_PUBLIC_6.stream().noneMatch(range -> range.holds(address));
    }
}
