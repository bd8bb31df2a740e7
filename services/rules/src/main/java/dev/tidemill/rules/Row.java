package dev.tidemill.rules;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The columns of a row that a rule looks at, where no class was given for them. Immutable. */
public final class Row {
    private final Map<String, @Nullable Object> values;

    Row(Map<String, @Nullable Object> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** The columns there are. */
    public Set<String> columns() {
        return values.keySet();
    }

    /** A column as text; null if it is null. */
    public @Nullable String text(String column) {
        Object value = value(column);
        return value == null ? null : value.toString();
    }

    /**
     * A column as a whole number.
     *
     * @throws RuleException {@link RuleError#NO_COLUMN} if it is none, or null
     */
    public long number(String column) {
        if (value(column) instanceof Number number) {
            return number.longValue();
        }
        throw new RuleException(RuleError.NO_COLUMN, "The column '" + column + "' holds no number here.");
    }

    /** A column as JSON knows it: a String, Integer, Long, BigDecimal, Boolean, List or Map; null if it is null. */
    public @Nullable Object value(String column) {
        if (!values.containsKey(column)) {
            throw new RuleException(
                    RuleError.NO_COLUMN,
                    "The rule does not look at a column '" + column + "' but at " + values.keySet()
                            + "; name it in watching(..) or carrying(..).");
        }
        return values.get(column);
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
