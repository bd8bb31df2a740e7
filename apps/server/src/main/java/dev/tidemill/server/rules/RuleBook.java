package dev.tidemill.server.rules;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.RuleAlarm;
import dev.tidemill.rules.RuleException;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.rules.Rules;
import dev.tidemill.schema.SchemaException;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.tables.ServerTables;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules of the schema, with errors as the server answers them. Their code is in applications: what needs it is asked of
 * them, as a job; the rest needs the database alone. Thread safe.
 */
public final class RuleBook implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleBook.class);
    /** However many look. */
    private static final Duration MAX_AGE = Duration.ofSeconds(2);

    private final Rules rules;
    private final Latest<List<RuleStatus>> latest;

    /** Creates it. */
    public RuleBook(Tidemill mill) {
        this.rules = Rules.on(mill);
        this.latest = new Latest<>(() -> asked("", rules::status), MAX_AGE);
    }

    /** How all rules are, by name, at most some seconds ago. */
    public List<RuleStatus> all() {
        return latest.get();
    }

    /** What a person should look at, the worst first. */
    public List<RuleAlarm> alarms() {
        return rules.alarmsOf(all());
    }

    /** How a rule is. */
    public RuleStatus one(String name) {
        return all().stream()
                .filter(rule -> rule.name().equals(name))
                .findFirst()
                .orElseThrow(() -> unknown(name));
    }

    /** The keys that are parked, the longest first. */
    public List<Rule.ParkedKey> parked(String name, int most) {
        return asked(name, () -> rules.rule(name).parked(most));
    }

    /** What sweeps found, the latest first. */
    public List<Rule.Drift> drift(String name, int most) {
        return asked(name, () -> rules.rule(name).drift(most));
    }

    /**
     * Changes something at a rule.
     *
     * @param by who asks for it, for the audit trail
     */
    public <T> T change(String name, String by, Function<Rule, T> change) {
        try {
            return asked(name, () -> change.apply(rules.rule(name).by(by)));
        } finally {
            latest.forget();
        }
    }

    /** A diagnosis with what ails the rules. */
    public Diagnosis examined(Diagnosis found) {
        return rules.examined(found);
    }

    private static <T> T asked(String name, Supplier<T> question) {
        try {
            return question.get();
        } catch (RuleException refused) {
            throw translated(name, refused);
        }
    }

    private static RuntimeException translated(String name, RuleException refused) {
        String message = String.valueOf(refused.getMessage());
        return switch (refused.code()) {
            case NOT_FOUND -> unknown(name);
            case INVALID -> new TidemillException(ErrorCode.INVALID_OPTION, message, refused);
            case NO_TABLE, NO_COLUMN, OUTSIDE, CIRCLE -> Problem.of(ProblemCode.RULE_REFUSED, message);
            case FORBIDDEN -> {
                // The message names the database's user.
                LOG.warn("The rule {} could not be changed: {}", name, message);
                yield Problem.of(
                        ProblemCode.RULE_REFUSED,
                        "The server's database user does not own the rule's table. Repair it from the program that"
                                + " defines the rule: it does so when it starts.");
            }
            case LOCKED_OUT ->
                Problem.of(
                        ProblemCode.RULE_LOCKED_OUT,
                        "A transaction holds the rule's table; nothing was changed. End it, or try again later.");
            case TOO_SLOW, DATABASE, CLOSED ->
                switch (refused.getCause()) {
                    case SQLException cause -> ServerTables.translated(cause);
                    // Whoever reads it can have the tables brought up to date; a log is further away.
                    case SchemaException cause -> Problem.of(ProblemCode.RULE_REFUSED, message);
                    case null, default -> new TidemillException(ErrorCode.DATABASE_ERROR, message, refused);
                };
        };
    }

    private static TidemillException unknown(String name) {
        return new TidemillException(
                ErrorCode.NOT_FOUND, "There is no rule '" + name + "'; GET /api/v1/rules lists those there are.");
    }

    @Override
    public void close() {
        rules.close();
    }
}
