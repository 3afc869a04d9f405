#pragma once

#include <Halide.h>

#include <memory>
#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;
using Halide::Func;
using Halide::Region;
using Halide::Type;

struct ArrayNode;

/// The values of a Func on a box: a type, extents, and a place in a Program where they are kept.
///
/// An Array covers `[0, extent)` in each dimension; extents are Exprs of constants and scalar parameters. Copying an
/// Array copies a handle. Inside an algorithm an Array is read like a Func: `a(i, j)`; it is defined on its box only.
class Array {
public:
    Array() = default;

    /// The values of `func` on `[0, extents)`. `func` has one value (no Tuple) and as many dimensions as there are
    /// extents. Throws Halide::CompileError otherwise.
    Array(const Func &func, std::vector<Expr> extents);

    /// The element at `args`, an Expr of the Array's type; one argument per dimension.
    Expr operator()(const std::vector<Expr> &args) const;
    template<typename... Args>
    Expr operator()(const Args &...args) const {
        return (*this)(std::vector<Expr>{Expr(args)...});
    }

    /// A Func that reads this Array; the same Func on each call, so derivatives can be asked for by it.
    const Func &func() const { return func_; }
    operator const Func &() const { return func_; }

    bool defined() const { return node_ != nullptr; }
    const std::string &name() const;
    Type type() const;
    int dimensions() const { return static_cast<int>(extents().size()); }
    const std::vector<Expr> &extents() const;
    /// `{0, extent}` per dimension.
    Region box() const;

    /// What the Array is; see ArrayNode.
    const std::shared_ptr<const ArrayNode> &node() const { return node_; }
    bool same_as(const Array &other) const { return node_ == other.node_; }

    /// A handle to a new Array that is described by `node`. For the rooms of the project; users call `input`, `loop`
    /// or the constructor above.
    static Array from_node(std::shared_ptr<const ArrayNode> node);
    /// The same for the Func `read`, which was made for a handle of this node.
    static Array from_node(std::shared_ptr<const ArrayNode> node, const Func &read);

private:
    Func func_;
    std::shared_ptr<const ArrayNode> node_;
};

using Arrays = std::vector<Array>;

struct LoopNode;

/// Where the values of an Array come from.
struct ArrayNode {
    enum class Kind {
        Input,    ///< handed to the program by its caller
        State,    ///< the value of a loop's state at the start of a step, valid in the loop's body only
        Value,    ///< the values of `value` on the box
        Result,   ///< the final value of state `index` of `loop`
        History,  ///< all values that state `index` of `loop` had at the starts of its steps; last dimension = step
        Stack,    ///< all values that it had at the ends of its steps
    };
    Kind kind;
    std::string name;
    Type type;
    std::vector<Expr> extents;
    Func value;                            ///< Value only
    std::shared_ptr<const LoopNode> loop;  ///< Result, History and Stack only
    int index = 0;                         ///< Result, History and Stack only
};

/// A named input Array of a Program. Extents may be constants or scalar parameters: `Param<int> n("n");
/// input<float>("u", {n, n})`.
Array input(Type type, const std::string &name, std::vector<Expr> extents);
template<typename T>
Array input(const std::string &name, std::vector<Expr> extents) {
    return input(Halide::type_of<T>(), name, std::move(extents));
}

/// The Array that `function` reads (the one behind Array::func()), or null if it is an ordinary Func.
std::shared_ptr<const ArrayNode> array_node(const Halide::Internal::Function &function);
/// The Array that the Expr node reads when it is the marker inside Array::func(), or null.
std::shared_ptr<const ArrayNode> array_node(const Halide::Internal::Call *call);

/// Vars `i0`, `i1`, ... for Funcs of `n` dimensions that the project makes.
std::vector<Halide::Var> coordinates(size_t n);

/// Element `at` of the last dimension: an Array with one dimension less.
Array slice(const Array &array, const Expr &at);

/// An Array of zeros.
Array zeros(const std::string &name, Type type, const std::vector<Expr> &extents);

/// The Array continued beyond its box: by zero, by its edge value, or periodically. Returns a Func to read anywhere.
Func zero_outside(const Array &array);
Func repeat_edge(const Array &array);
Func repeat_image(const Array &array);

/// Whether two extents are equal for all values of the parameters, as far as the simplifier can tell.
bool same_extents(const std::vector<Expr> &a, const std::vector<Expr> &b);

}  // namespace sylvite
