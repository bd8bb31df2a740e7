package dev.tidemill.metrics;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Caches;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The meters' code in docs/metrics.md, compiled and run. */
@ExtendWith(FreshSchema.class)
final class MetricsPageTest {
    @Test
    void metersGoToARegistryOfTheApplications(TestDatabase database) {
        MeterRegistry registry = new SimpleMeterRegistry();
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            JobMeters meters = JobMeters.of(mill, Tag.of("schema", "shop")).refreshing(ofSeconds(10));
            meters.bindTo(registry);
            assertThat(registry.get("tidemill.jobs.claimed")
                            .tag("schema", "shop")
                            .counter()
                            .count())
                    .isZero();
            meters.close();
        }
    }

    @Test
    void metersOfCachesGoToTheSameRegistry() {
        MeterRegistry registry = new SimpleMeterRegistry();
        try (Caches caches = Caches.local()) {
            CacheMeters.of(caches).bindTo(registry);
            assertThat(registry.get("tidemill.cache.in.contact").gauge().value())
                    .isEqualTo(1);
        }
    }

    @Test
    void metersOfCallsToOthersGoToTheSameRegistry() {
        MeterRegistry registry = new SimpleMeterRegistry();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HostLimits http = HostLimits.over(client);
            HostMeters hosts = HostMeters.of(http).refreshing(ofSeconds(10));
            hosts.bindTo(registry);
            assertThat(registry.get("tidemill.host.cap").gauge().value()).isEqualTo(20);
            hosts.close();
        }
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        String page = Files.readString(Path.of("../../docs/metrics.md"));
        String shown = page.substring(page.indexOf("<!-- meters:start -->"), page.indexOf("<!-- meters:end -->"))
                + page.substring(page.indexOf("<!-- caches:start -->"), page.indexOf("<!-- caches:end -->"))
                + page.substring(page.indexOf("<!-- hosts:start -->"), page.indexOf("<!-- hosts:end -->"));
        List<String> mine =
                stripped(Files.readString(Path.of("src/test/java/dev/tidemill/metrics/MetricsPageTest.java")));
        assertThat(stripped(shown).stream().filter(line -> !line.startsWith("<!--") && !line.startsWith("```")))
                .hasSize(5)
                .isSubsetOf(mine);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}
