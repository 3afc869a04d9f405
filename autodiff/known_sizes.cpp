#include "autodiff/known_sizes.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

class FindExtents : public IRGraphVisitor {
public:
    Scope<Interval> extents;

private:
    using IRGraphVisitor::visit;
    void visit(const Variable *op) override {
        if (op->param.defined() && op->param.is_buffer() && op->name.find(".extent.") != std::string::npos &&
            !extents.contains(op->name)) {
            extents.push(op->name, Interval(0, Interval::pos_inf()));
        }
    }
};

}  // namespace

Halide::Expr simplified(const Halide::Expr &e) {
    FindExtents found;
    e.accept(&found);
    return simplify(e, true, found.extents);
}

bool provable(const Halide::Expr &condition) {
    FindExtents found;
    condition.accept(&found);
    return can_prove(condition, found.extents);
}

}  // namespace sylvite
