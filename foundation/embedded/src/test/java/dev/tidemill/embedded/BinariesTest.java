package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache of unpacked binaries. */
class BinariesTest {
    @TempDir
    Path cache;

    @BeforeEach
    void useACacheOfOurOwn() {
        System.setProperty("tidemill.cache", cache.toString());
    }

    @AfterEach
    void useTheUsualCache() {
        System.clearProperty("tidemill.cache");
    }

    @Test
    void concurrentUnpackingLeavesOneWholeCopy() throws Exception {
        List<Future<Binaries>> unpacked = new ArrayList<>();
        try (ExecutorService both = Executors.newFixedThreadPool(2)) {
            unpacked.add(both.submit(() -> Binaries.unpacked(null)));
            unpacked.add(both.submit(() -> Binaries.unpacked(null)));
        }

        assertThat(unpacked.get(0).get()).isEqualTo(unpacked.get(1).get());
        try (Stream<Path> left = Files.list(cache)) {
            assertThat(left).containsExactly(unpacked.get(0).get().home());
        }
        assertThat(unpacked.get(0).get().majorVersion()).isGreaterThanOrEqualTo(15);
    }
}
