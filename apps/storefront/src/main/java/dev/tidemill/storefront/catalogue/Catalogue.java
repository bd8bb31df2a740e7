package dev.tidemill.storefront.catalogue;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Many;
import dev.tidemill.cache.ValueType;
import dev.tidemill.cache.WarmUps;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What the shop sells, as its pages show it: from the cache, at most two seconds old. Each part is a cache of its own with
 * the time that suits it, and whoever changes a part voids it in the same transaction. Orders do not come here: what
 * somebody pays is read where the order is written. Thread safe.
 *
 * <p>A search remembers which products it found, and nothing of them: their data and prices are looked up beside it, in
 * one call each, so that a new price voids one entry and no search. Which products a search finds may change with any
 * product, so a new product text voids all of them.
 */
public final class Catalogue {
    /** The longest search. */
    public static final int LONGEST_SEARCH = 80;

    private static final String TREE = "tree";
    private static final int NAMING_WORDS = 500;

    private final DataSource dataSource;
    private final Caches caches;
    private final CatalogueTables tables;
    private final Cache<String, Categories> categories;
    private final Cache<String, Product> products;
    private final Cache<String, Price> prices;
    private final Cache<String, List<String>> searches;

    /** On these tables; opens caches, so once for each {@code caches}. */
    public Catalogue(DataSource dataSource, Caches caches) {
        this.dataSource = dataSource;
        this.caches = caches;
        this.tables = new CatalogueTables(dataSource);
        this.categories = caches.cache("shop.categories", Keys.STRINGS, ValueType.of(Categories.class))
                .policy(CachePolicy.STATIC)
                .open();
        this.products = caches.cache("shop.products", Keys.STRINGS, ValueType.of(Product.class))
                .policy(CachePolicy.PROPERTIES)
                .open();
        this.prices = caches.cache("shop.prices", Keys.STRINGS, ValueType.of(Price.class))
                .policy(CachePolicy.COUNTS)
                .open();
        this.searches = caches.cache("shop.searches", Keys.STRINGS, ValueType.listOf(String.class))
                .policy(CachePolicy.API_RESPONSES)
                .open();
    }

    /** What is loaded before anybody asks: by the names {@code categories}, {@code products}, {@code prices} and {@code search}. */
    public WarmUps warmUps() {
        return new WarmUps()
                .add("categories", categories, () -> List.of(TREE), keys -> Map.of(TREE, tables.categories()))
                .add("products", products, tables::skus, tables::products)
                .add("prices", prices, tables::skus, tables::prices)
                .add("search", searches, () -> tables.namingWords(NAMING_WORDS), this::searchAll);
    }

    private Map<String, List<String>> searchAll(Set<String> wanted) throws SQLException {
        Map<String, List<String>> found = new HashMap<>();
        for (String words : wanted) {
            found.put(words, tables.search(words));
        }
        return found;
    }

    /** The tree of categories. */
    public Categories categories() {
        return Objects.requireNonNull(categories.get(TREE, key -> tables.categories()));
    }

    /** Everything, category by category. */
    public List<Offer> offers() {
        return offers(categories().skus(""));
    }

    /** These, in this order; what is not sold is left out. */
    public List<Offer> offers(Collection<String> skus) {
        Map<String, Product> known = all(products.getMany(skus, tables::products));
        Map<String, Price> priced = all(prices.getMany(known.keySet(), tables::prices));
        List<Offer> offers = new ArrayList<>();
        for (String sku : new LinkedHashSet<>(skus)) {
            Product product = known.get(sku);
            Price price = priced.get(sku);
            if (product != null && price != null) {
                offers.add(Offer.of(product, price));
            }
        }
        return offers;
    }

    private static <V> Map<String, V> all(Many<String, V> many) {
        many.failures().values().stream().findFirst().ifPresent(failed -> {
            throw failed;
        });
        return many.values();
    }

    /** One of them; empty if it is not sold. */
    public Optional<Offer> offer(String sku) {
        return isName(sku) ? offers(List.of(sku)).stream().findFirst() : Optional.empty();
    }

    /** What can be no sku is not looked for, so that made-up ones fill no cache. */
    private static boolean isName(String sku) {
        return sku.matches("[a-z][a-z0-9-]{0,39}");
    }

    /**
     * What has these words in its name or description, the best first: words, "phrases in quotes", -without and or. Up to
     * 48; blank words find nothing.
     *
     * @throws InvalidInput if the text is longer than {@value #LONGEST_SEARCH} characters
     */
    public List<Offer> search(String typed) {
        String words = plain(typed);
        if (words.length() > LONGEST_SEARCH) {
            throw new InvalidInput(
                    "q",
                    "The search has " + words.length() + " characters; it may have " + LONGEST_SEARCH
                            + ". Leave some words out.");
        }
        @Nullable List<String> found = words.isEmpty() ? List.of() : searches.get(words, tables::search);
        return offers(Objects.requireNonNullElse(found, List.of()));
    }

    /** Searches that mean the same share an entry. */
    private static String plain(String typed) {
        return typed.replaceAll("[\\p{Cntrl}\\s]+", " ").strip().toLowerCase(Locale.ROOT);
    }

    /**
     * Sets what a product costs from now on. The price is void everywhere once this commits, and not a moment before.
     *
     * @throws InvalidInput if there is no such product, or the price is not above zero and at most the usual one
     */
    public void reprice(String sku, long cents) throws SQLException {
        if (cents <= 0) {
            throw new InvalidInput("cents", "A price of " + cents + " cents is none; give 1 or more.");
        }
        change(
                "UPDATE shop.price SET cents = ?, changed_at = now() WHERE sku = ? AND usual_cents >= ?",
                "There is no product '" + sku + "' that usually costs " + cents + " cents or more.",
                connection -> prices.invalidate(connection, sku),
                cents,
                sku,
                cents);
    }

    /**
     * Gives a product another name and sentence. Searches may find it by other words from then on.
     *
     * @throws InvalidInput if there is no such product
     */
    public void rewrite(String sku, String name, String blurb) throws SQLException {
        change(
                "UPDATE shop.product SET name = ?, blurb = ? WHERE sku = ?",
                "There is no product '" + sku + "'.",
                connection -> {
                    products.invalidate(connection, sku);
                    searches.invalidateEverything(connection);
                },
                name,
                blurb,
                sku);
    }

    private void change(String sql, String unknown, Consumer<Connection> invalidation, Object... arguments)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                if (Sql.on(connection, sql, arguments).update() == 0) {
                    throw new InvalidInput("sku", unknown);
                }
                invalidation.accept(connection);
                connection.commit();
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            }
        }
        caches.committed();
    }
}
