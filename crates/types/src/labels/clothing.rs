//! The 17 labels of the clothing photos (`alexeygrigorev/clothing-dataset`, CC0): the folder names.

use crate::Category;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// A label of the clothing photos.
    enum ClothingLabel, "clothing label" {
        Blazer = "blazer",
        Blouse = "blouse",
        Body = "body",
        Dress = "dress",
        Hat = "hat",
        Hoodie = "hoodie",
        Longsleeve = "longsleeve",
        Outwear = "outwear",
        Pants = "pants",
        Polo = "polo",
        Shirt = "shirt",
        Shoes = "shoes",
        Shorts = "shorts",
        Skirt = "skirt",
        TShirt = "t-shirt",
        Top = "top",
        Undershirt = "undershirt",
    }
}

impl ClothingLabel {
    /// The categories the label covers, most usual first. No two labels share one, except that `top` and `blouse`
    /// are both the taxonomy's blouse.
    pub const fn categories(self) -> &'static [Category] {
        use Category as C;
        match self {
            Self::Blazer => &[C::Blazer, C::SuitJacket],
            Self::Blouse | Self::Top => &[C::Blouse],
            Self::Body => &[C::Bodysuit, C::Romper],
            Self::Dress => &[C::Dress, C::EveningDress],
            Self::Hat => &[C::Hat],
            Self::Hoodie => &[C::Hoodie],
            Self::Longsleeve => &[C::LongSleeveTop, C::Sweater, C::Sweatshirt, C::Cardigan],
            Self::Outwear => &[
                C::Jacket,
                C::DenimJacket,
                C::LeatherJacket,
                C::PufferJacket,
                C::Coat,
                C::TrenchCoat,
                C::Vest,
            ],
            Self::Pants => &[C::Trousers, C::Jeans, C::Chinos, C::Joggers, C::Leggings],
            Self::Polo => &[C::Polo],
            Self::Shirt => &[C::Shirt],
            Self::Shoes => &[
                C::Sneakers,
                C::Boots,
                C::AnkleBoots,
                C::DressShoes,
                C::Loafers,
                C::Heels,
                C::Flats,
                C::Sandals,
            ],
            Self::Shorts => &[C::Shorts],
            Self::Skirt => &[C::Skirt, C::MiniSkirt],
            Self::TShirt => &[C::TShirt],
            Self::Undershirt => &[C::TankTop],
        }
    }

    /// The label that covers `category`; `None` for those outside the data set (jumpsuits, and the accessories but
    /// hats). A blouse is answered with `blouse`, though `top` covers it too.
    pub fn of_category(category: Category) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|label| label.categories().contains(&category))
    }
}
