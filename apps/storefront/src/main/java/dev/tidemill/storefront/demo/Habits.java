package dev.tidemill.storefront.demo;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * When the demo's mail server refuses a recipient. At {@link #GREYLISTING} the first try is deferred and the next one
 * taken, as servers do that keep spam out by greylisting; at {@link #NOBODY} there is no mailbox.
 */
final class Habits {
    static final String GREYLISTING = "greylist.example.com";
    static final String NOBODY = "nobody.example.com";

    private static final int REMEMBERED = 1_000;

    private final Object lock = new Object();
    private final Map<String, Boolean> deferred = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** The SMTP reply that refuses this address; empty if it is taken. */
    Optional<String> refusal(String address) {
        if (address.endsWith('@' + NOBODY)) {
            return Optional.of("550 5.1.1 No such mailbox here");
        }
        if (address.endsWith('@' + GREYLISTING) && isFirst(address)) {
            return Optional.of("451 4.7.1 Greylisted, try again soon");
        }
        return Optional.empty();
    }

    private boolean isFirst(String address) {
        synchronized (lock) {
            return deferred.put(address, true) == null;
        }
    }
}
