package dev.tidemill.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.bench.Target;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Everybody still works, and the bench still measures; how fast is not looked at. */
class PeersBenchTest {
    private static final Plan TINY = new Plan(300, 100, 5, 20, 100, Duration.ofSeconds(60), 1);
    private static final Target SERVER = Target.open(null);

    /** JVMs that live for a second need no second compiler. */
    private static final List<Contender> EVERYBODY = everybody();

    /** What it says goes into the test's failure. */
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private final PrintStream progress = new PrintStream(said, true, StandardCharsets.UTF_8);

    private static List<Contender> everybody() {
        List<String> flags = new ArrayList<>(Contenders.JVM_FLAGS);
        flags.add("-XX:TieredStopAtLevel=1");
        return Contenders.onJvm(flags);
    }

    @AfterAll
    static void close() {
        SERVER.close();
    }

    @Test
    void everyPeerOnTheJvmRunsWhatItWasGiven() {
        List<Contender> peers =
                EVERYBODY.stream().filter(contender -> !contender.isOurs()).toList();
        assertThat(peers).extracting(Contender::name).containsExactly("jobrunr", "db-scheduler", "quartz");
        assertThat(peers).extracting(Contender::version).doesNotContain("");
        Results results = new PeersBench(SERVER, TINY, peers, 1, progress).drains();
        assertThat(peers)
                .allSatisfy(
                        peer -> assertThat(results.get(peer, Figure.DRAIN_PER_S).number())
                                .as("%s", said)
                                .isPositive());
    }

    @Test
    void everyFigureIsMeasuredAndReported() {
        List<Contender> ours = EVERYBODY.stream().filter(Contender::isOurs).toList();
        Results results = new PeersBench(SERVER, TINY, ours, 1, progress).run();
        assertThat(results.isComplete()).as("%s", said).isTrue();
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Report report = new Report(results, Map.of("bullmq", "no Redis"), Map.of("seed", 1));
        report.print(TINY, new PrintStream(printed, true, StandardCharsets.UTF_8));
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("drained a second", "killed in flight", "bullmq           absent: no Redis");
        assertThat(report.plain(TINY)).containsKeys("figures", "ratio_to_best", "peers", "absent", "conditions");
    }
}
