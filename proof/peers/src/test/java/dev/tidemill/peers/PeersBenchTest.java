package dev.tidemill.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.bench.Target;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Everybody still works, and the bench still measures; how fast is not looked at. */
class PeersBenchTest {
    private static final Plan TINY = new Plan(300, 100, 5, 20, 100, Duration.ofSeconds(60), 1);

    /** What it says goes into the test's failure. */
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private final PrintStream progress = new PrintStream(said, true, StandardCharsets.UTF_8);

    @Test
    void everyPeerOnTheJvmRunsWhatItWasGiven() {
        List<Contender> peers = Contenders.onJvm();
        assertThat(peers).extracting(Contender::name).containsExactly("tidemill", "jobrunr", "db-scheduler", "quartz");
        assertThat(peers).extracting(Contender::version).doesNotContain("");
        try (Target server = Target.open(null)) {
            Results results = new PeersBench(server, TINY, peers, 1, progress).drains();
            assertThat(peers)
                    .allSatisfy(peer -> assertThat(
                                    results.get(peer, Figure.DRAIN_PER_S).number())
                            .as("%s", said)
                            .isPositive());
        }
    }

    @Test
    void everyFigureIsMeasuredAndReported() {
        List<Contender> ours =
                Contenders.onJvm().stream().filter(Contender::isOurs).toList();
        try (Target server = Target.open(null)) {
            Results results = new PeersBench(server, TINY, ours, 1, progress).run();
            assertThat(results.isComplete()).as("%s", said).isTrue();
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            Report report = new Report(results, Map.of("bullmq", "no Redis"), Map.of("seed", 1));
            report.print(TINY, new PrintStream(printed, true, StandardCharsets.UTF_8));
            assertThat(printed.toString(StandardCharsets.UTF_8))
                    .contains("drained a second", "killed in flight", "bullmq           absent: no Redis");
            assertThat(report.plain(TINY)).containsKeys("figures", "ratio_to_best", "peers", "absent", "conditions");
        }
    }
}
