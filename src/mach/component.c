#include "mach/component.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void component_add(struct component *parent, struct component *c)
{
    struct component **at = &parent->child;

    assert(c->name && !c->parent && !c->next);
    while (*at) {
        assert(strcmp((*at)->name, c->name) != 0);
        at = &(*at)->next;
    }
    *at = c;
    c->parent = parent;
}

struct component *component_child(const struct component *parent, const char *name, size_t len)
{
    for (struct component *c = parent->child; c; c = c->next)
        if (strlen(c->name) == len && !memcmp(c->name, name, len))
            return c;
    return NULL;
}

void component_saving(struct component *root)
{
    if (root->saving)
        root->saving(root->self);
    for (struct component *c = root->child; c; c = c->next)
        component_saving(c);
}

int component_loaded(struct component *root, struct err *e)
{
    if (root->loaded && root->loaded(root->self, e))
        return err_wrap(e, "%s", root->name);
    for (struct component *c = root->child; c; c = c->next)
        if (component_loaded(c, e))
            return root->parent ? err_wrap(e, "%s", root->name) : -(int)e->code;
    return 0;
}

bool component_field(struct component *root, const char *path, struct field_ref *out,
                     struct component **owner)
{
    size_t len = strcspn(path, ".[");
    struct component *c;

    if (root->fields && field_find(root->fields, root->self, path, out)) {
        if (owner)
            *owner = root;
        return true;
    }
    if (path[len] != '.')
        return false;
    c = component_child(root, path, len);
    return c && component_field(c, path + len + 1, out, owner);
}

static void walk(struct component *c, const char *path, component_visit *visit, void *ctx)
{
    char below[256];

    visit(ctx, c, path);
    for (struct component *k = c->child; k; k = k->next) {
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", k->name);
        walk(k, below, visit, ctx);
    }
}

void component_walk(struct component *root, component_visit *visit, void *ctx)
{
    walk(root, "", visit, ctx);
}
