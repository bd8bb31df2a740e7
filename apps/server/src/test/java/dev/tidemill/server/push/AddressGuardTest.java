package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.server.push.AddressGuard.RefusedAddressException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses jobs are sent to. */
final class AddressGuardTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.0.3",
                "2130706433",
                "127.1",
                "0.0.0.0",
                "0",
                "10.1.2.3",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "169.254.169.254",
                "2852039166",
                "100.64.0.1",
                "100.100.100.200",
                "192.0.0.192",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "::ffff:127.0.0.1",
                "::ffff:7f00:1",
                "::127.0.0.1",
                "::ffff:169.254.169.254",
                "64:ff9b::7f00:1",
                "2002:7f00:1::",
                "2001:0:7f00:1::",
                "fe80::1",
                "fec0::1",
                "fc00::1",
                "fd00:ec2::254",
                "ff02::1",
                "2001:db8::1",
            })
    void anAddressOfThisMachineOrNetworkIsRefused(String written) {
        assertThatThrownBy(() -> new AddressGuard(false).resolve(written))
                .isInstanceOf(RefusedAddressException.class)
                .hasMessageContaining("--allow-private-endpoints");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "93.184.216.34",
                "172.32.0.1",
                "100.128.0.1",
                "2606:4700:4700::1111",
                "2a00:1450:4001::1"
            })
    void aPublicAddressIsNot(String written) throws UnknownHostException {
        assertThat(new AddressGuard(false).resolve(written)).hasSize(1);
    }

    @Test
    void ofSeveralAddressesAllHaveToBePublic() throws UnknownHostException {
        InetAddress[] both = {InetAddress.getByName("1.1.1.1"), InetAddress.getLoopbackAddress()};
        assertThatThrownBy(() -> new AddressGuard(false, host -> both).resolve("two.example"))
                .isInstanceOf(RefusedAddressException.class);
        assertThat(new AddressGuard(true, host -> both).resolve("two.example")).isEqualTo(both);
    }

    /** The name is public when it is looked at first, and this machine's from then on. */
    @Test
    void aNameThatChangesItsMindIsNotFollowedHome() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger reached = new AtomicInteger();
        HttpServer inside = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        inside.createContext("/", exchange -> {
            reached.incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        inside.start();
        AddressGuard guard = new AddressGuard(false, host -> new InetAddress[] {
            asked.getAndIncrement() == 0 ? InetAddress.getByName("1.1.1.1") : InetAddress.getLoopbackAddress()
        });
        assertThat(guard.resolve("rebind.example")).hasSize(1);
        URI url = URI.create("https://rebind.example:" + inside.getAddress().getPort() + "/");
        URI literal = URI.create("https://127.0.0.1:" + inside.getAddress().getPort() + "/");
        try (Postman postman = new Postman(guard)) {
            for (URI each : new URI[] {url, literal}) {
                assertThatThrownBy(() -> postman.post(each, Map.of(), new byte[0], Duration.ofSeconds(5)))
                        .isInstanceOf(RefusedAddressException.class);
            }
        } finally {
            inside.stop(0);
        }
        assertThat(reached).hasValue(0);
    }

    /** Of another server on the same database, which may have let it in, nothing is known here. */
    @Test
    void whatIsNotHttpsIsNotEvenLookedUp() {
        AddressGuard guard = new AddressGuard(false, host -> {
            throw new UnknownHostException(host + " was looked up");
        });
        try (Postman postman = new Postman(guard)) {
            for (String url : new String[] {"http://public.example/", "HTTP://public.example/"}) {
                assertThatThrownBy(() -> postman.post(URI.create(url), Map.of(), new byte[0], Duration.ofSeconds(5)))
                        .isInstanceOf(RefusedAddressException.class)
                        .hasMessageContaining("https alone")
                        .hasMessageContaining("--allow-private-endpoints");
            }
        }
    }
}
