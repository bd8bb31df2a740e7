package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a node knows of its leases. */
final class EpochWorkTest {
    private final EpochWork epoch = new EpochWork(new IdleWorkplace());

    private static ClaimedJob job(long lease, long id) {
        return new ClaimedJob(lease, id, 1, 0, "k", "q", Priority.LOW, 1, "{}", null, false);
    }

    @Test
    void aLeaseIsKnownUntilItsEndIsWrittenNotOnlyUntilItsLastJobIsThrough() {
        epoch.claimed(List.of(job(7, 1), job(7, 2), job(8, 3)));
        assertThat(epoch.through(job(7, 1))).isFalse();
        assertThat(epoch.through(job(7, 2))).as("the last").isTrue();
        assertThat(epoch.leases()).as("else it would be taken for a lost one").containsExactlyInAnyOrder(7L, 8L);
        epoch.ended(List.of(7L));
        assertThat(epoch.leases()).containsExactly(8L);
    }
}
