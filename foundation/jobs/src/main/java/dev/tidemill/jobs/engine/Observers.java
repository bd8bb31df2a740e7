package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.FinishedAttempt;
import dev.tidemill.jobs.JobObserver;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Outcome.Next;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whoever wants to know what this process does. With nobody there, nothing is made up for them. Thread safe. */
final class Observers {
    private static final Logger LOG = LoggerFactory.getLogger(Observers.class);

    private final Priorities priorities;
    private final List<JobObserver> all = new CopyOnWriteArrayList<>();
    private final AtomicBoolean said = new AtomicBoolean();

    Observers(Priorities priorities) {
        this.priorities = priorities;
    }

    /** Tells this one from now on, until what is returned is run. */
    Runnable add(JobObserver observer) {
        // By identity, so that whoever was added twice is told twice and leaves once.
        JobObserver told = new JobObserver() {
            @Override
            public void enqueued(String kind, String queue, Priority priority, int jobs) {
                observer.enqueued(kind, queue, priority, jobs);
            }

            @Override
            public void deduplicated(String kind, Enqueued.How how, int jobs) {
                observer.deduplicated(kind, how, jobs);
            }

            @Override
            public void claimed(int jobs, Duration took) {
                observer.claimed(jobs, took);
            }

            @Override
            public void finished(FinishedAttempt attempt) {
                observer.finished(attempt);
            }

            @Override
            public void nodesLost(int nodes) {
                observer.nodesLost(nodes);
            }
        };
        all.add(told);
        return () -> all.remove(told);
    }

    /** These jobs were written, all of them new. */
    void enqueued(List<NewJob> jobs) {
        enqueued(jobs, List.of());
    }

    /**
     * These jobs were written.
     *
     * @param hows how each came about; empty if all are new
     */
    void enqueued(List<NewJob> jobs, List<Enqueued.How> hows) {
        if (all.isEmpty()) {
            return;
        }
        int same = 0;
        for (int i = 0; i < jobs.size(); i++) {
            NewJob job = jobs.get(i);
            if (hows.isEmpty() || hows.get(i) == Enqueued.How.CREATED) {
                same++;
            }
            if (same > 0 && (i + 1 == jobs.size() || !isOfOneSort(job, jobs.get(i + 1)))) {
                int count = same;
                same = 0;
                tell(observer -> observer.enqueued(job.kind(), job.queue(), job.priority(), count));
            }
        }
        if (!hows.isEmpty()) {
            deduplicated(jobs, hows);
        }
    }

    private void deduplicated(List<NewJob> jobs, List<Enqueued.How> hows) {
        Map<Deduplicated, Integer> counts = new LinkedHashMap<>();
        for (int i = 0; i < jobs.size(); i++) {
            if (hows.get(i) != Enqueued.How.CREATED) {
                counts.merge(new Deduplicated(jobs.get(i).kind(), hows.get(i)), 1, Integer::sum);
            }
        }
        counts.forEach((one, count) -> tell(observer -> observer.deduplicated(one.kind, one.how, count)));
    }

    private record Deduplicated(String kind, Enqueued.How how) {}

    private static boolean isOfOneSort(NewJob one, NewJob other) {
        return one.kind().equals(other.kind())
                && one.queue().equals(other.queue())
                && one.priority() == other.priority();
    }

    void claimed(int jobs, long tookNanos) {
        if (!all.isEmpty()) {
            tell(observer -> observer.claimed(jobs, Duration.ofNanos(tookNanos)));
        }
    }

    void finished(Outcome outcome) {
        if (all.isEmpty()) {
            return;
        }
        ClaimedJob job = outcome.job();
        long late = outcome.startedMicros() - job.startByMicros();
        FinishedAttempt attempt = new FinishedAttempt(
                job.id(),
                job.kind(),
                job.queue(),
                job.priority(),
                job.attempt(),
                outcome.outcome(),
                outcome.next() instanceof Next.Again,
                outcome.next() instanceof Next.DeadLetter(String code) ? code : null,
                Math.max(0, late + Enqueuer.micros(priorities.deadline(job.priority()))),
                late,
                outcome.tookMicros());
        tell(observer -> observer.finished(attempt));
    }

    void nodesLost(int nodes) {
        tell(observer -> observer.nodesLost(nodes));
    }

    private void tell(Consumer<JobObserver> what) {
        for (JobObserver observer : all) {
            try {
                what.accept(observer);
            } catch (RuntimeException | Error broken) {
                if (said.compareAndSet(false, true)) {
                    LOG.error("An observer of jobs broke; what it shows has gaps. This is said once.", broken);
                }
            }
        }
    }
}
