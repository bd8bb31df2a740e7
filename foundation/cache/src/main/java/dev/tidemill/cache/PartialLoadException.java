package dev.tidemill.cache;

import java.util.Map;

/** Thrown by a {@link BulkLoader} for which some keys failed: the others keep their values. */
public final class PartialLoadException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Map<?, ?> loaded;
    private final transient Map<?, ? extends Throwable> failed;

    /**
     * What was loaded, and what was not.
     *
     * @param loaded values by key
     * @param failed reasons by key; keys in neither have no value
     */
    public PartialLoadException(Map<?, ?> loaded, Map<?, ? extends Throwable> failed) {
        super(failed.size() + " keys of a bulk load failed");
        this.loaded = Map.copyOf(loaded);
        this.failed = Map.copyOf(failed);
    }

    Map<?, ?> loaded() {
        return loaded;
    }

    Map<?, ? extends Throwable> failed() {
        return failed;
    }
}
