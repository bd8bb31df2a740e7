package dev.tidemill.storefront.shop;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The customers' referral codes: computed from the customer's number, so that making one reads nothing, and resolved
 * through the cache. Thread safe.
 */
public final class ReferralCodes {
    private final DataSource dataSource;
    private final SpokenCodes codes;
    private final Cache<String, UUID> owners;

    /** On these tables, under the key that they hold; opens a cache, so once for each {@code caches}. */
    public ReferralCodes(DataSource dataSource, Caches caches) throws SQLException {
        this.dataSource = dataSource;
        try (Connection connection = dataSource.getConnection()) {
            this.codes = new SpokenCodes(Sql.on(connection, "SELECT value FROM shop.referral_key")
                    .first(row -> row.getBytes(1))
                    .orElseThrow());
        }
        this.owners = caches.cache("shop.referral-codes", Keys.STRINGS, ValueType.of(UUID.class))
                .policy(CachePolicy.STATIC)
                .open();
    }

    /**
     * Gives customers their codes, who have none yet, in the caller's transaction: the row of the code and the customer's
     * own commit together. Done again it changes nothing.
     *
     * @param customers up to some thousands; who is unknown is passed over
     * @return how many codes were made
     */
    public int make(Connection connection, UUID[] customers) throws SQLException {
        record Due(UUID customer, String code) {}
        Due[] due = Sql.on(
                        connection,
                        "SELECT id, number FROM shop.customer WHERE id = ANY (?) AND referral_code IS NULL",
                        connection.createArrayOf("uuid", customers))
                .list(row -> new Due(row.getObject(1, UUID.class), codes.word(row.getLong(2))))
                .toArray(Due[]::new);
        if (due.length == 0) {
            return 0;
        }
        UUID[] ids = new UUID[due.length];
        String[] words = new String[due.length];
        for (int index = 0; index < due.length; index++) {
            ids[index] = due[index].customer();
            words[index] = due[index].code();
            // Somebody may have asked for the code before there was one.
            owners.invalidate(connection, due[index].code());
        }
        // A customer who leaves meanwhile gets none.
        return Sql.on(connection, """
                        WITH named AS (
                            UPDATE shop.customer c SET referral_code = due.code
                              FROM unnest(?, ?) AS due (id, code)
                             WHERE c.id = due.id AND c.referral_code IS NULL
                            RETURNING c.id, c.referral_code)
                        INSERT INTO shop.referral_code (code, customer_id)
                        SELECT referral_code, id FROM named
                        ON CONFLICT (customer_id) DO NOTHING""", connection.createArrayOf("uuid", ids), connection.createArrayOf("text", words))
                .update();
    }

    /**
     * Whose code it is, however it was typed; a word that no number has is not looked for at all. A customer who left may
     * be named for up to an hour: no other gets the code, so {@link Customers#signUp} finds nobody of that id.
     */
    public Optional<UUID> owner(String typed) {
        String code = SpokenCodes.plain(typed);
        return codes.number(code).isEmpty() ? Optional.empty() : Optional.ofNullable(owners.get(code, this::load));
    }

    /**
     * Who invited somebody.
     *
     * @param typed the code they typed; null or blank for none
     * @return null without a code
     * @throws InvalidInput if it is nobody's code
     */
    public @Nullable UUID inviter(@Nullable String typed) {
        if (typed == null || typed.isBlank()) {
            return null;
        }
        return owner(typed).orElseThrow(ReferralCodes::nobodys);
    }

    static InvalidInput nobodys() {
        return new InvalidInput(
                "referralCode",
                "Nobody has this referral code. Check it, or leave it out: you can sign up without one.");
    }

    private @Nullable UUID load(String code) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, "SELECT customer_id FROM shop.referral_code WHERE code = ?", code)
                    .first(row -> row.getObject(1, UUID.class))
                    .orElse(null);
        }
    }
}
