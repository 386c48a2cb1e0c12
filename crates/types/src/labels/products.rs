//! The article types of the Kaggle Fashion Product Images (`articleType` in `styles.csv`).

use super::{LabelTable, agreed_pattern};
use crate::Category as C;
use crate::{Category, Formality, Pattern, Season, Style};

const T_SHIRTS: &[Category] = &[C::TShirt, C::Polo];
const TOPS: &[Category] = &[C::Blouse, C::LongSleeveTop];
const SLEEVELESS: &[Category] = &[C::TankTop];
const TROUSERS: &[Category] = &[C::Trousers, C::Chinos];
const JACKETS: &[Category] = &[
    C::Jacket,
    C::PufferJacket,
    C::LeatherJacket,
    C::DenimJacket,
    C::Coat,
    C::TrenchCoat,
];
const CASUAL_SHOES: &[Category] = &[C::Sneakers, C::Loafers, C::AnkleBoots, C::Boots];

/// The article types of the whole table (44,441 products).
///
/// `Tshirts` holds polos too, `Sweatshirts` hoodies, `Sweaters` cardigans, `Casual Shoes` loafers and boots. Unmapped
/// are South Asian dress without a counterpart among the categories (kurtas, sarees, churidars), underwear,
/// nightwear, jewellery, cosmetics and things that are not worn; sets of several garments; and `Booties`, which are
/// babies' shoes here.
pub const ARTICLE_TYPES: LabelTable = LabelTable {
    kind: "article type",
    mapped: &[
        ("Backpacks", &[C::Bag]),
        ("Belts", &[C::Belt]),
        ("Blazers", &[C::Blazer, C::SuitJacket]),
        ("Camisoles", SLEEVELESS),
        ("Capris", TROUSERS),
        ("Caps", &[C::Hat]),
        ("Casual Shoes", CASUAL_SHOES),
        ("Clutches", &[C::Bag]),
        ("Dresses", &[C::Dress, C::EveningDress]),
        ("Duffel Bag", &[C::Bag]),
        ("Flats", &[C::Flats]),
        ("Flip Flops", &[C::Sandals]),
        ("Formal Shoes", &[C::DressShoes]),
        ("Handbags", &[C::Bag]),
        ("Hat", &[C::Hat]),
        ("Heels", &[C::Heels]),
        ("Innerwear Vests", SLEEVELESS),
        ("Jackets", JACKETS),
        ("Jeans", &[C::Jeans]),
        ("Jeggings", &[C::Leggings]),
        ("Jumpsuit", &[C::Jumpsuit]),
        ("Laptop Bag", &[C::Bag]),
        ("Leggings", &[C::Leggings]),
        ("Lounge Pants", &[C::Joggers]),
        ("Lounge Shorts", &[C::Shorts]),
        ("Lounge Tshirts", T_SHIRTS),
        ("Messenger Bag", &[C::Bag]),
        ("Mufflers", &[C::Scarf]),
        ("Rain Jacket", JACKETS),
        ("Rompers", &[C::Romper]),
        ("Rucksacks", &[C::Bag]),
        ("Sandals", &[C::Sandals]),
        ("Scarves", &[C::Scarf]),
        ("Shirts", &[C::Shirt]),
        ("Shorts", &[C::Shorts]),
        ("Skirts", &[C::Skirt, C::MiniSkirt]),
        ("Sports Sandals", &[C::Sandals]),
        ("Sports Shoes", CASUAL_SHOES),
        ("Stoles", &[C::Scarf]),
        ("Sunglasses", &[C::Sunglasses]),
        ("Sweaters", &[C::Sweater, C::Cardigan]),
        ("Sweatshirts", &[C::Sweatshirt, C::Hoodie]),
        ("Ties", &[C::Tie]),
        ("Tights", &[C::Leggings]),
        ("Tops", TOPS),
        ("Track Pants", &[C::Joggers]),
        ("Trousers", TROUSERS),
        ("Tshirts", T_SHIRTS),
        ("Tunics", TOPS),
        ("Waist Pouch", &[C::Bag]),
        ("Waistcoat", &[C::Vest]),
        ("Watches", &[C::Watch]),
    ],
    unmapped: &[
        "Accessory Gift Set",
        "Baby Dolls",
        "Bangle",
        "Basketballs",
        "Bath Robe",
        "Beauty Accessory",
        "Body Lotion",
        "Body Wash and Scrub",
        "Booties",
        "Boxers",
        "Bra",
        "Bracelet",
        "Briefs",
        "Churidar",
        "Clothing Set",
        "Compact",
        "Concealer",
        "Cufflinks",
        "Cushion Covers",
        "Deodorant",
        "Dupatta",
        "Earrings",
        "Eye Cream",
        "Eyeshadow",
        "Face Moisturisers",
        "Face Scrub and Exfoliator",
        "Face Serum and Gel",
        "Face Wash and Cleanser",
        "Footballs",
        "Foundation and Primer",
        "Fragrance Gift Set",
        "Free Gifts",
        "Gloves",
        "Hair Accessory",
        "Hair Colour",
        "Headband",
        "Highlighter and Blush",
        "Ipad",
        "Jewellery Set",
        "Kajal and Eyeliner",
        "Key chain",
        "Kurta Sets",
        "Kurtas",
        "Kurtis",
        "Lehenga Choli",
        "Lip Care",
        "Lip Gloss",
        "Lip Liner",
        "Lip Plumper",
        "Lipstick",
        "Makeup Remover",
        "Mascara",
        "Mask and Peel",
        "Mens Grooming Kit",
        "Mobile Pouch",
        "Nail Essentials",
        "Nail Polish",
        "Necklace and Chains",
        "Nehru Jackets",
        "Night suits",
        "Nightdress",
        "Patiala",
        "Pendant",
        "Perfume and Body Mist",
        "Rain Trousers",
        "Ring",
        "Robe",
        "Salwar",
        "Salwar and Dupatta",
        "Sarees",
        "Shapewear",
        "Shoe Accessories",
        "Shoe Laces",
        "Shrug",
        "Socks",
        "Stockings",
        "Suits",
        "Sunscreen",
        "Suspenders",
        "Swimwear",
        "Tablet Sleeve",
        "Ties and Cufflinks",
        "Toner",
        "Tracksuits",
        "Travel Accessory",
        "Trolley Bag",
        "Trunk",
        "Umbrellas",
        "Wallets",
        "Water Bottle",
        "Wristbands",
    ],
};

/// The categories an `articleType` covers, most usual first; `None` where it is unmapped or unknown.
pub fn article_type(label: &str) -> Option<&'static [Category]> {
    ARTICLE_TYPES.categories(label)
}

/// What a product's `usage` says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// How formal it is.
    pub formality: Formality,
    /// Its styles, of those that usages tell apart.
    pub styles: &'static [Style],
}

/// The usages of the whole table. `Ethnic` is South Asian dress and `Home` what is worn there: neither is a style here.
const USAGES: &[(&str, f32, &[Style])] = &[
    ("Casual", 0.3, &[Style::Casual]),
    ("Formal", 0.8, &[Style::Formal]),
    ("Party", 0.75, &[Style::Party]),
    ("Smart Casual", 0.5, &[Style::Casual]),
    ("Sports", 0.1, &[Style::Sporty]),
    ("Travel", 0.3, &[Style::Casual]),
];

/// What a `usage` says; `None` where it is unmapped or unknown.
pub fn product_usage(label: &str) -> Option<Usage> {
    let found = USAGES.iter().find(|(name, ..)| *name == label);
    found.map(|&(_, formality, styles)| Usage {
        formality: Formality::prior(formality),
        styles,
    })
}

/// The season of a product's collection; `None` where it is not given.
pub fn product_season(label: &str) -> Option<Season> {
    label.to_lowercase().parse().ok()
}

/// Words of product names, and the pattern they tell of.
const PATTERN_WORDS: &[(&str, Pattern)] = &[
    ("solid", Pattern::Solid),
    ("plain", Pattern::Solid),
    ("stripe", Pattern::Striped),
    ("stripes", Pattern::Striped),
    ("striped", Pattern::Striped),
    ("stripped", Pattern::Striped),
    ("check", Pattern::Plaid),
    ("checks", Pattern::Plaid),
    ("checked", Pattern::Plaid),
    ("checkered", Pattern::Plaid),
    ("plaid", Pattern::Plaid),
    ("floral", Pattern::Floral),
    ("flower", Pattern::Floral),
    ("graphic", Pattern::Graphic),
    ("print", Pattern::Graphic),
    ("prints", Pattern::Graphic),
    ("printed", Pattern::Graphic),
    ("polka", Pattern::Dotted),
    ("dots", Pattern::Dotted),
    ("dotted", Pattern::Dotted),
    ("animal", Pattern::Animal),
    ("leopard", Pattern::Animal),
    ("zebra", Pattern::Animal),
    ("geometric", Pattern::Geometric),
    ("colourblock", Pattern::Colorblock),
    ("colorblock", Pattern::Colorblock),
    ("colourblocked", Pattern::Colorblock),
];

/// The pattern that a product's name tells of: `Turtle Check Men Navy Blue Shirt`. `None` where no word does, or where two
/// words tell of different ones, unless one of them is only "printed".
pub fn pattern_in_name(name: &str) -> Option<Pattern> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric());
    agreed_pattern(words.filter_map(|word| {
        let known = PATTERN_WORDS.iter().find(|(known, _)| *known == word);
        known.map(|&(_, pattern)| pattern)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_of_patterns() {
        for (name, pattern) in [
            ("Turtle Check Men Navy Blue Shirt", Some(Pattern::Plaid)),
            (
                "United Colors of Benetton Men Stripes Black Shirt",
                Some(Pattern::Striped),
            ),
            (
                "Gini and Jony Girl's Floral Print Top",
                Some(Pattern::Floral),
            ),
            ("Peter England Men Party Blue Jeans", None),
            ("Basics Men Solid Striped Shirt", None),
            ("Checkmate Men Grey Printed T-shirt", Some(Pattern::Graphic)),
        ] {
            assert_eq!(pattern_in_name(name), pattern, "{name}");
        }
    }

    #[test]
    fn usages_and_seasons() {
        assert_eq!(product_usage("Sports").unwrap().styles, [Style::Sporty]);
        assert_eq!(product_usage("Ethnic"), None);
        assert_eq!(product_season("Fall"), Some(Season::Fall));
        assert_eq!(product_season("NA"), None);
    }
}
