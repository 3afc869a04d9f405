#include "frontend/array.h"

#include "frontend/names.h"
#include "frontend/sizes.h"
#include "frontend/writing_down.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// An Array is an ordinary pure Func whose value is a marker call: `sylvite_array(node, x, y)` for Arrays that lie in
// memory, `sylvite_array(node, value(x, y))` for Values. Halide's own walks, copies and substitutions thus see the
// true dependences and need not know about Arrays. The node travels in a Variable, a leaf that Halide's mutators hand
// on unchanged.
constexpr const char *marker = "sylvite_array";

struct ArrayReference final : public Variable {
    std::shared_ptr<const ArrayNode> node;
};

Expr reference_to(const std::shared_ptr<const ArrayNode> &node) {
    auto *reference = new ArrayReference;
    Expr owner(reference);
    reference->type = Halide::Handle();
    reference->name = unique_name("sylvite_array_" + node->name);
    // Marked as a parameter, so that definitions may mention it although it is no pure variable.
    reference->param = Halide::Parameter(Halide::Handle(), false, 0, reference->name);
    reference->node = node;
    return owner;
}

const ArrayNode &node_of(const Array &array) {
    _halide_user_assert(array.defined()) << WritingDown::undefined_array() << ": give it a value first.";
    return *array.node();
}

}  // namespace

std::vector<Halide::Var> coordinates(size_t n) {
    std::vector<Halide::Var> vars;
    for (size_t i = 0; i < n; i++) {
        vars.emplace_back("i" + std::to_string(i));
    }
    return vars;
}

Array Array::from_node(std::shared_ptr<const ArrayNode> node) {
    Array array;
    array.func_ = Func(node->name);
    const std::vector<Halide::Var> at = coordinates(node->extents.size());
    std::vector<Expr> args{reference_to(node)};
    if (node->kind == ArrayNode::Kind::Value) {
        args.push_back(node->value(std::vector<Expr>(at.begin(), at.end())));
    } else {
        args.insert(args.end(), at.begin(), at.end());
    }
    array.func_(at) = Call::make(node->type, marker, args, Call::PureExtern);
    array.node_ = std::move(node);
    return array;
}

Array Array::from_node(std::shared_ptr<const ArrayNode> node, const Func &read) {
    Array array;
    array.func_ = read;
    array.node_ = std::move(node);
    return array;
}

Array::Array(const Func &func, std::vector<Expr> extents) {
    const std::string name = func.name().substr(0, func.name().find('$'));
    _halide_user_assert(func.defined()) << "Array() needs a Func that is defined; " << name << " is not.";
    _halide_user_assert(func.outputs() == 1)
        << "Array() needs a Func with one value; " << name << " has " << func.outputs()
        << ": make an Array of each element, Func(\"part\")(x) = " << name << "(x)[0].";
    _halide_user_assert(func.dimensions() == static_cast<int>(extents.size()))
        << "Array() needs one extent per dimension; " << name << " has " << func.dimensions() << " dimensions and "
        << extents.size() << " extents were given.";
    for (Expr &extent : extents) {
        extent = checked_extent(extent, "Array()", name);
    }
    Func value = func;
    if (const auto node = array_node(func.function())) {
        if (same_extents(node->extents, extents)) {
            *this = from_node(node, func);
            return;
        }
        // Kernels know Funcs and Arrays apart by their values: what reads an Array and is one is neither.
        value = Func(name);
        value(func.args()) = func(std::vector<Expr>(func.args().begin(), func.args().end()));
    }
    *this = from_node(std::make_shared<ArrayNode>(
        ArrayNode{ArrayNode::Kind::Value, name, func.type(), std::move(extents), value, nullptr, 0}));
}

Expr Array::operator()(const std::vector<Expr> &args) const {
    node_of(*this);
    return func_(args);
}

const std::string &Array::name() const { return node_of(*this).name; }
Type Array::type() const { return node_of(*this).type; }
const std::vector<Expr> &Array::extents() const { return node_of(*this).extents; }

Region Array::box() const {
    Region box;
    for (const Expr &extent : extents()) {
        box.emplace_back(0, extent);
    }
    return box;
}

Array input(Type type, const std::string &name, std::vector<Expr> extents) {
    _halide_user_assert(is_identifier(name))
        << "input() needs a name that is a C identifier; it was given \"" << name << "\".";
    for (Expr &extent : extents) {
        extent = checked_extent(extent, "input()", name);
    }
    return Array::from_node(std::make_shared<ArrayNode>(
        ArrayNode{ArrayNode::Kind::Input, name, type, std::move(extents), Func(), nullptr, 0}));
}

std::shared_ptr<const ArrayNode> array_node(const Call *call) {
    if (call->name != marker || call->args.empty()) {
        return nullptr;
    }
    const auto *reference = dynamic_cast<const ArrayReference *>(call->args[0].get());
    return reference ? reference->node : nullptr;
}

std::shared_ptr<const ArrayNode> array_node(const Function &function) {
    if (!function.has_pure_definition() || function.outputs() != 1) {
        return nullptr;
    }
    const Call *call = function.values()[0].as<Call>();
    return call ? array_node(call) : nullptr;
}

Array slice(const Array &array, const Expr &at) {
    std::vector<Expr> extents = array.extents();
    extents.pop_back();
    const std::vector<Halide::Var> inner = coordinates(extents.size());
    std::vector<Expr> place(inner.begin(), inner.end());
    place.push_back(at);
    Func f(array.name());
    f(inner) = array(place);
    return Array(f, extents);
}

Array zeros(const std::string &name, Type type, const std::vector<Expr> &extents) {
    Func zero(name);
    zero(coordinates(extents.size())) = make_zero(type);
    return Array(zero, extents);
}

Func zero_outside(const Array &array) {
    return Halide::BoundaryConditions::constant_exterior(array.func(), Halide::Internal::make_zero(array.type()),
                                                         array.box());
}
Func repeat_edge(const Array &array) { return Halide::BoundaryConditions::repeat_edge(array.func(), array.box()); }
Func repeat_image(const Array &array) { return Halide::BoundaryConditions::repeat_image(array.func(), array.box()); }

bool same_extents(const std::vector<Expr> &a, const std::vector<Expr> &b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](const Expr &p, const Expr &q) { return can_prove(p == q); });
}

}  // namespace sylvite
