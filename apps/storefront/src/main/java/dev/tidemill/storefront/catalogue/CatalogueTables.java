package dev.tidemill.storefront.catalogue;

import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;

/** The catalogue as the database has it. Thread safe. */
final class CatalogueTables {
    private static final int FOUND = 48;

    private final DataSource dataSource;

    CatalogueTables(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The path orders the tree; a cycle of parents would end the recursion at its first repetition. */
    Categories categories() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return new Categories(Sql.on(connection, """
                            WITH RECURSIVE tree AS (
                                SELECT c.*, ARRAY[c.place] AS path FROM shop.category c WHERE c.parent IS NULL
                                UNION ALL
                                SELECT c.*, t.path || c.place FROM shop.category c JOIN tree t ON c.parent = t.slug)
                                CYCLE slug SET looped USING seen
                            SELECT t.slug, coalesce(t.parent, ''), t.name, t.blurb,
                                   ARRAY(SELECT p.sku FROM shop.product p
                                          WHERE p.category = t.slug ORDER BY p.place, p.sku)
                              FROM tree t WHERE NOT t.looped ORDER BY t.path, t.slug""")
                    .list(row -> new Category(
                            row.getString(1), row.getString(2), row.getString(3), row.getString(4), List.of((String[])
                                    row.getArray(5).getArray()))));
        }
    }

    Map<String, Product> products(Set<String> skus) throws SQLException {
        Map<String, Product> products = new HashMap<>();
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(
                            connection,
                            "SELECT sku, category, name, blurb, details FROM shop.product WHERE sku = ANY (?)",
                            texts(connection, skus))
                    .list(row -> products.put(
                            row.getString(1),
                            new Product(
                                    row.getString(1),
                                    row.getString(2),
                                    row.getString(3),
                                    row.getString(4),
                                    row.getString(5))));
        }
        return products;
    }

    Map<String, Price> prices(Set<String> skus) throws SQLException {
        Map<String, Price> prices = new HashMap<>();
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(
                            connection,
                            "SELECT sku, cents, usual_cents FROM shop.price WHERE sku = ANY (?)",
                            texts(connection, skus))
                    .list(row -> prices.put(row.getString(1), new Price(row.getLong(2), row.getLong(3))));
        }
        return prices;
    }

    /** What has these words, the best first. */
    List<String> search(String words) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT p.sku FROM shop.product p, websearch_to_tsquery('english', ?) q
                             WHERE p.words @@ q
                             ORDER BY ts_rank_cd(p.words, q) DESC, p.sku
                             LIMIT ?""", words, FOUND).list(row -> row.getString(1));
        }
    }

    /** What people look for first: the words that products are named by. */
    List<String> namingWords(int most) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT DISTINCT w FROM shop.product p, regexp_split_to_table(lower(p.name), '[^a-z]+') w
                             WHERE length(w) > 2 ORDER BY w LIMIT ?""", most).list(row -> row.getString(1));
        }
    }

    List<String> skus() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, "SELECT sku FROM shop.product ORDER BY sku")
                    .list(row -> row.getString(1));
        }
    }

    private static java.sql.Array texts(Connection connection, Set<String> texts) throws SQLException {
        return connection.createArrayOf("text", texts.toArray(String[]::new));
    }
}
