use candle_core::Var;

/// What sets a parameter's training apart: factors on the learning rate and on the weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// Multiplies the learning rate: below 1 for the early layers of a pre-trained network, 0 to keep a parameter.
    pub rate: f64,
    /// Multiplies the weight decay: 0 for biases and norms.
    pub decay: f64,
}

impl Default for Group {
    /// The rate and the decay as they are.
    fn default() -> Self {
        Self {
            rate: 1.0,
            decay: 1.0,
        }
    }
}

impl Group {
    /// Weight decay for weights alone, not for norms and biases, as YOLOv8, CLIP and EfficientNet are trained.
    pub fn usual(name: &str, var: &Var) -> Self {
        let decay = match ParamKind::of(name, var) {
            ParamKind::Weight => 1.0,
            ParamKind::Norm | ParamKind::Bias => 0.0,
        };
        Self { rate: 1.0, decay }
    }
}

/// The three kinds of parameters that recipes treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Matrices, kernels, tables.
    Weight,
    /// Scales of norms, and every other vector or number that is no bias: a class token, a temperature.
    Norm,
    /// What is added: of layers and of norms.
    Bias,
}

impl ParamKind {
    /// A bias by its name (`conv.bias`, `attn.in_proj_bias`), the others by their rank.
    pub fn of(name: &str, var: &Var) -> Self {
        if name.ends_with("bias") {
            Self::Bias
        } else if var.rank() > 1 {
            Self::Weight
        } else {
            Self::Norm
        }
    }
}
