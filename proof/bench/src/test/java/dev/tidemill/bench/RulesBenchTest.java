package dev.tidemill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The figures of rules, by the names that others read them by; so small that the figures themselves say nothing. */
class RulesBenchTest {
    @Test
    void theFiguresOfRulesAreThereAndNothingIsLostOrDoneTwice() throws Exception {
        RulesBench.Effort small =
                new RulesBench.Effort(1, Duration.ofMillis(50), Duration.ofSeconds(1), Duration.ofSeconds(1), 2_000);
        PrintStream progress = System.err;
        try (Target target = Target.open(null, Map.of("track_commit_timestamp", "on"));
                Rig rig = new Rig(target, progress)) {
            Figures figures = new RulesBench(rig, small).run();
            JsonNode json = JsonMapper.shared().readTree(figures.json());
            for (String figure : List.of("overhead_single", "overhead_bulk", "correction_s")) {
                assertThat(json.path(figure).isNumber()).as(figure).isTrue();
                assertThat(json.path(figure).doubleValue()).as(figure).isPositive();
            }
            for (String rate : List.of("100", "1000", "5000")) {
                JsonNode latency = json.path("commit_to_effect_ms").path(rate);
                assertThat(latency.path("p99").doubleValue())
                        .as(rate + " changes a second")
                        .isPositive()
                        .isGreaterThanOrEqualTo(latency.path("p50").doubleValue());
            }
            assertThat(json.path("conditions").path("postgresql").isString()).isTrue();
            assertThat(json.path("lost").isNumber()).isTrue();
            assertThat(figures.isSound()).as("nothing lost, nothing done twice").isTrue();
        }
    }
}
