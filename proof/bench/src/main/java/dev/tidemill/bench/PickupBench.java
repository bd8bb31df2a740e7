package dev.tidemill.bench;

import java.util.List;

/**
 * How long a job waits for an idle worker, 50 of them a second: while the processes are young, as whoever just deployed
 * meets it, and once their code is compiled; beside it what the same database asks of anybody at that moment, by {@link
 * Floor}.
 */
final class PickupBench {
    private static final int PACED = 1_000;

    private final Rig rig;
    private final Target target;
    private final String schema;
    private final Figures figures;

    PickupBench(Rig rig, Figures figures) {
        this.rig = rig;
        this.target = rig.target();
        this.schema = rig.schema();
        this.figures = figures;
    }

    void run() {
        here();
        commits();
        remote("pickup_remote", "mill", "p99 < 10", 2);
        notified();
        remote("pickup_tx", "tx", "within 200", 1);
    }

    private void here() {
        rig.say("picking up when idle, enqueued in the worker's process");
        try (Child worker = start("pickup", schema, Integer.toString(2 * PACED))) {
            tell("pickup", Rig.waits(worker, PACED), "p50 < 1, p99 < 5");
            tell("pickup_warm", Rig.waits(worker, PACED), "");
            worker.say("end");
        }
        audit(2);
    }

    private void remote(String key, String how, String aim, int windows) {
        rig.say("picking up when idle, enqueued " + (how.equals("tx") ? "on a bare connection" : "in another process"));
        try (Child worker = start("pickup", schema, "0")) {
            worker.await("ready");
            try (Child sender = start("send", schema, how, Integer.toString(windows * PACED))) {
                tell(key, Rig.waits(worker, PACED), aim);
                if (windows > 1) {
                    tell(key + "_warm", Rig.waits(worker, PACED), "");
                }
                sender.say("end");
            }
            worker.say("end");
        }
        audit(windows);
    }

    private void commits() {
        rig.say("committing rows without any job system");
        try (Child worker = start("commits", schema, Integer.toString(PACED))) {
            tell("bare_commit", Rig.waits(worker, PACED), "");
            worker.say("end");
        }
        rig.freshSchema();
    }

    private void notified() {
        rig.say("notifying another process, which takes the row, without any job system");
        try (Child taker = start("takes", schema, Integer.toString(PACED))) {
            taker.await("ready");
            try (Child sender = start("notifies", schema, Integer.toString(PACED))) {
                tell("bare_notify", Rig.waits(taker, PACED), "");
                sender.say("end");
            }
            taker.say("end");
        }
        rig.freshSchema();
    }

    private Child start(String... arguments) {
        return Child.start(target.url(), List.of(), arguments);
    }

    private void tell(String key, Micros waits, String aim) {
        figures.put(key + "_ms", waits.percentiles(), aim);
    }

    private void audit(int windows) {
        rig.audit(windows * PACED + Worker.WARM_UP);
        rig.freshSchema();
    }
}
