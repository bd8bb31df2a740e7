package dev.tidemill.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.peers.Contender.Share;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What "so many times better" means. */
class ResultsTest {
    private static final Contender OURS = contender(Contender.OURS, "JVM");
    private static final Contender SLOW = contender("slow", "JVM");
    private static final Contender FAST = contender("fast", "Node");

    private final Results results = new Results(List.of(OURS, SLOW, FAST));

    private static Contender contender(String name, String platform) {
        return new Contender(name, "1", platform, List.of(), false, new Share(1, 1), 50, true, "");
    }

    @Test
    void ofARateTheBestIsTheLargest() {
        results.put(OURS, Figure.DRAIN_PER_S, Value.of(80));
        results.put(SLOW, Figure.DRAIN_PER_S, Value.of(10));
        results.put(FAST, Figure.DRAIN_PER_S, Value.of(40));
        assertThat(results.ratio(Figure.DRAIN_PER_S, contender -> true)).contains(new Results.Ratio("fast", 2, false));
        assertThat(results.ratio(Figure.DRAIN_PER_S, Contender::isOnJvm)).contains(new Results.Ratio("slow", 8, false));
    }

    @Test
    void ofATimeTheBestIsTheSmallestAndOneThatWasGivenUpIsABound() {
        results.put(OURS, Figure.RESCUE_S, Value.of(10));
        results.put(SLOW, Figure.RESCUE_S, Value.moreThan(60, "3 of 1000 ran within 60 s"));
        results.put(FAST, Figure.RESCUE_S, Value.of(5));
        assertThat(results.ratio(Figure.RESCUE_S, contender -> true)).contains(new Results.Ratio("fast", 0.5, false));
        assertThat(results.ratio(Figure.RESCUE_S, Contender::isOnJvm)).contains(new Results.Ratio("slow", 6, true));
        assertThat(results.get(SLOW, Figure.RESCUE_S).plain()).isEqualTo("> 60.0");
    }

    @Test
    void whoFailedIsNobodysBestAndTheRunIsNotComplete() {
        results.put(OURS, Figure.FIRST_JOB_S, Value.of(1));
        results.put(SLOW, Figure.FIRST_JOB_S, Value.none("failed: it ended"));
        assertThat(results.ratio(Figure.FIRST_JOB_S, Contender::isOnJvm)).isEmpty();
        assertThat(results.isComplete()).isFalse();
        assertThat(results.get(SLOW, Figure.FIRST_JOB_S).plain()).isEqualTo("failed: it ended");
    }
}
