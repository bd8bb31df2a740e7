package dev.tidemill.peers;

import dev.tidemill.bench.Conditions;
import dev.tidemill.bench.Target;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidemill bench peers}. */
@Command(
        name = "tidemill bench peers",
        mixinStandardHelpOptions = true,
        version = "0.1.0-SNAPSHOT",
        description = {
            "Measures Tidemill beside other job systems, each in its best documented configuration and in processes of its"
                    + " own: enqueue, drain, pick-up, rescue, start, memory. The order is drawn anew for every figure.",
            "Takes up to 20 minutes on two cores. Run it on an otherwise idle machine."
        },
        footer = {
            "",
            "JobRunr, db-scheduler and Quartz are always there. BullMQ, pg-boss and Graphile Worker need Node 22 or newer"
                    + " (the node on the PATH, or the one that TIDEMILL_NODE names) and npm, which the launcher installs"
                    + " them with; BullMQ also needs redis-server on the PATH. docs/benchmarks-peers.md says why each is"
                    + " set as it is."
        })
public final class PeersCommand implements Callable<Integer> {
    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description = "Measure only these, by their names in the table.")
    Set<String> only = new LinkedHashSet<>();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "500000",
            description = "Jobs for the fastest to enqueue in bulk and drain, 1,000 to 50,000,000; slower ones get the"
                    + " share that the table states (default: ${DEFAULT-VALUE}).")
    int jobs;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Draws the same orders as an earlier run that printed this seed.")
    @Nullable
    Long seed;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters, who may"
                    + " create databases and checkpoint (default: an embedded one, thrown away afterwards).")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    @Spec
    CommandSpec spec;

    private PeersCommand() {
        this.spec = CommandSpec.create();
    }

    /** Runs the command and exits: 0 when everybody was measured, 1 when somebody failed, 2 for bad arguments. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new PeersCommand()).execute(arguments));
    }

    @Override
    public Integer call() {
        if (jobs < 1_000 || jobs > 50_000_000) {
            throw new ParameterException(
                    spec.commandLine(), "--jobs is " + jobs + "; it must be between 1,000 and 50,000,000.");
        }
        NodeContenders node = new NodeContenders();
        List<Contender> chosen = chosen(node);
        Plan plan = Plan.of(jobs);
        long orders = seed == null ? ThreadLocalRandom.current().nextLong(1_000_000) : seed;
        PrintStream progress = System.err;
        long start = System.nanoTime();
        try (Target server = Target.open(database)) {
            Results results = new PeersBench(server, plan, chosen, orders, progress).run();
            Map<String, Object> conditions = new LinkedHashMap<>();
            conditions.put("seed", orders);
            conditions.put("took_s", (System.nanoTime() - start) / 1_000_000_000);
            conditions.put("rescue", plan.inFlight() + " jobs of " + plan.slowMillis() + " ms in flight");
            conditions.put("jvm_flags", String.join(" ", Contenders.JVM_FLAGS));
            conditions.putAll(Conditions.of(server));
            Report report = new Report(results, node.absent(), conditions);
            if (json) {
                System.out.println(JsonMapper.shared().writeValueAsString(report.plain(plan)));
            } else {
                report.print(plan, System.out);
            }
            return results.isComplete() ? 0 : 1;
        }
    }

    private List<Contender> chosen(NodeContenders node) {
        List<Contender> all = new ArrayList<>(Contenders.onJvm(Contenders.JVM_FLAGS));
        all.addAll(node.present());
        Set<String> names = all.stream().map(Contender::name).collect(Collectors.toCollection(LinkedHashSet::new));
        for (String name : only) {
            if (!names.contains(name)) {
                String why = node.absent().get(name);
                throw new ParameterException(
                        spec.commandLine(),
                        "--only names '" + name + "', which "
                                + (why == null ? "is none of " + String.join(", ", names) : "is absent: " + why)
                                + ".");
            }
        }
        return all.stream()
                .filter(contender -> only.isEmpty() || only.contains(contender.name()))
                .toList();
    }
}
