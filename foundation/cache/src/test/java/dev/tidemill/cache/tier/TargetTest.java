package dev.tidemill.cache.tier;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Patterns, against regular expressions; and that what matches is always found by its name. */
final class TargetTest {
    private static String random(Random random, String letters, int longest) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(longest) + 1; i > 0; i--) {
            text.append(letters.charAt(random.nextInt(letters.length())));
        }
        return text.toString();
    }

    @Test
    void patternsFitWhatTheyShouldAndAreFoundByTheEntrysNames() {
        Random random = new Random(11);
        int fitting = 0;
        for (int i = 0; i < 200_000; i++) {
            String pattern = random(random, "ab:*", 6);
            String key = random(random, "ab:", 6);
            boolean fits = Pattern.matches(pattern.replace("*", ".*"), key);
            Target target = Target.pattern(pattern);
            assertThat(target.matches(key, Set.of()))
                    .as("%s on %s", pattern, key)
                    .isEqualTo(fits);
            if (fits) {
                fitting++;
                assertThat(Target.of(key, Set.of())).contains(target.name());
            }
        }
        assertThat(fitting).isGreaterThan(10_000);
    }

    @Test
    void aBeginningUpToAColonIsALookup() {
        assertThat(Target.pattern("user:42:*")).isEqualTo(new Target("p:user:42:", ""));
        assertThat(Target.pattern("user:4*")).isEqualTo(new Target("g", "user:4*"));
        assertThat(Target.of("user:42:x", List.of("t1")))
                .containsExactly("*", "g", "k:user:42:x", "p:user:", "p:user:42:", "t:t1");
    }

    @Test
    void anUnfriendlyPatternEndsSoon() {
        String key = "a".repeat(512);
        String pattern = "*a".repeat(250) + "b";
        long began = System.nanoTime();
        assertThat(Target.pattern(pattern).matches(key, Set.of())).isFalse();
        assertThat(System.nanoTime() - began).isLessThan(1_000_000_000L);
    }
}
