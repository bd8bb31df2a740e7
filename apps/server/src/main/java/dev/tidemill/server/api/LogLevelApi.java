package dev.tidemill.server.api;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.tables.ServerTables;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** The levels of the loggers, to be seen and changed while the process runs. */
public final class LogLevelApi {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(LogLevelApi.class);
    private static final String PATH = "/api/v1/log-level";
    private static final List<String> LEVELS = List.of("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF");
    private static final Pattern LOGGER = Pattern.compile("[A-Za-z][A-Za-z0-9_.$-]{0,199}");
    private static final int MAX_SET = 200;

    private final ServerTables tables;

    /** Creates it. */
    public LogLevelApi(ServerTables tables) {
        this.tables = tables;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", PATH, this::show).on(Permission.ADMIN, "PUT", PATH, this::change);
    }

    private Reply show(Call call) {
        call.takesOnly();
        return shown(context());
    }

    private static Reply shown(LoggerContext context) {
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("loggers");
            for (Logger logger : context.getLoggerList()) {
                if (logger.getLevel() != null) {
                    json.writeStartObject().writeStringProperty("logger", logger.getName());
                    json.writeStringProperty("level", logger.getLevel().toString())
                            .writeEndObject();
                }
            }
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply change(Call call) {
        call.takesOnly();
        Map<String, @Nullable String> fields = fields(call.json());
        String name = fields.get("logger");
        if (name == null || !LOGGER.matcher(name).matches()) {
            throw Problem.of(
                            name == null ? ProblemCode.FIELD_MISSING : ProblemCode.FIELD_INVALID,
                            "Name a logger, such as dev.tidemill or ROOT, in up to 200 characters.")
                    .at("/logger");
        }
        if (!fields.containsKey("level")) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "Give a level, or null to inherit the one above.")
                    .at("/level");
        }
        LoggerContext context = context();
        String level = fields.get("level");
        set(context, name, level);
        note(call.caller().name(), name, level == null ? "inherited" : level);
        return shown(context);
    }

    /** While the database is away, too, somebody may want to hear more. */
    private void note(String by, String logger, String level) {
        LOG.info("{} sets the level of {}: {}", by, logger, level);
        try {
            tables.audit(by, "log-level", "LOGGER " + logger, level);
        } catch (TidemillException away) {
            LOG.warn("The audit trail does not have that: {}", away.code());
        }
    }

    private static void set(LoggerContext context, String name, @Nullable String level) {
        boolean root = name.equalsIgnoreCase(Logger.ROOT_LOGGER_NAME);
        if (level == null ? root : !LEVELS.contains(level)) {
            throw Problem.of(
                            ProblemCode.FIELD_INVALID,
                            "The level must be one of " + String.join(", ", LEVELS)
                                    + ", or null to inherit, which ROOT cannot.")
                    .at("/level");
        }
        long set = context.getLoggerList().stream()
                .filter(logger -> logger.getLevel() != null)
                .count();
        if (set >= MAX_SET && level != null && context.exists(name) == null) {
            throw Problem.of(
                    ProblemCode.TOO_MANY_ITEMS, MAX_SET + " loggers have levels of their own; set some to null first.");
        }
        context.getLogger(root ? Logger.ROOT_LOGGER_NAME : name).setLevel(level == null ? null : Level.toLevel(level));
    }

    private static Map<String, @Nullable String> fields(byte[] body) {
        Map<String, @Nullable String> fields = new TreeMap<>();
        try (JsonParser parser = Json.parser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Problem.of(
                        ProblemCode.BODY_INVALID, "Send {\"logger\": \"dev.tidemill\", \"level\": \"DEBUG\"}.");
            }
            for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                if (!name.equals("logger") && !name.equals("level")) {
                    throw Problem.of(ProblemCode.FIELD_UNKNOWN, "Only 'logger' and 'level' are taken here.")
                            .at("/" + name);
                }
                JsonToken token = parser.nextToken();
                if (token != JsonToken.VALUE_STRING && token != JsonToken.VALUE_NULL) {
                    throw Problem.of(ProblemCode.FIELD_INVALID, name + " must be a string.")
                            .at("/" + name);
                }
                fields.put(name, token == JsonToken.VALUE_NULL ? null : parser.getString());
            }
            if (parser.nextToken() != null) {
                throw Problem.of(ProblemCode.BODY_INVALID, "The body goes on after its JSON value; send one value.");
            }
        } catch (JacksonException malformed) {
            throw JobReader.malformed(malformed);
        }
        return fields;
    }

    private static LoggerContext context() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            return context;
        }
        throw Problem.of(
                ProblemCode.LOGGING_UNKNOWN, "This process does not log through Logback; use its own logging's means.");
    }
}
